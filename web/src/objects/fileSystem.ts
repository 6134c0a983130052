export interface FileSystem {
  key: string
  machine: string
  mountpoint: string
  device: string
  /** Bytes. */
  size: number
  available: number | undefined
  /** Bytes a second by which what is available changes. */
  trend: number | undefined
}

export const fullness = ({ size, available }: FileSystem): number | undefined =>
  available === undefined || size <= 0 ? undefined : (size - available) / size

/** Slower than this it is not filling up, it is being used. */
const LONGEST_SECONDS = 60 * 86_400

/** Seconds until nothing is left if it goes on as in the last hour; undefined when that is far off. */
export function fillsIn({ available, trend }: FileSystem): number | undefined {
  if (available === undefined || trend === undefined || trend >= 0) return undefined
  const seconds = available / -trend
  return seconds < LONGEST_SECONDS ? seconds : undefined
}
