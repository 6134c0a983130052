import { beginUpload, commitUpload, putArchive, putFile, putPart, uploaded, type Committed, type Uploaded } from '../../api/data'
import { ApiError, UNREACHABLE } from '../../api/http'

/** Sending files of this computer: what is chosen, what is there already, what is tried again. */

export interface Chosen {
  path: string
  file: File
}

export interface Failed { path: string; error: Error }

const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i

/** The archive that may be unpacked on the way: one alone. */
export function archiveOf(chosen: Chosen[]): Chosen | undefined {
  const [one] = chosen
  return one && chosen.length === 1 && ARCHIVE.test(one.path) ? one : undefined
}

/** Bytes of a part; smaller files come whole. */
export const PART = 8 << 20

/** How many bytes of a file an upload has, if any; a file is known by its path and size. */
export function receivedBy({ files, partial }: Uploaded): (one: Chosen) => number | undefined {
  const all = [...partial, ...files.map(({ path, size }) => ({ path, size, received: size }))]
  const there = new Map(all.map((one) => [one.path, one]))
  return ({ path, file }) => {
    const found = there.get(path)
    return found?.size === file.size ? found.received : undefined
  }
}

/** Whether sending again may work: the connection broke, or the other side was busy. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.reason === UNREACHABLE || ['broken_off', 'out_of_place'].includes(error.reason) || [429, 502, 503, 504].includes(error.status)
}

/** Two tries again, so that a short break passes unseen; then a person decides. */
const PAUSES_MS = [500, 2000]

async function patiently(work: (again: boolean) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  let again = false
  for (const pause of [...PAUSES_MS, undefined]) {
    try {
      // A try follows the one before it.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await work(again)
      return
    } catch (error) {
      if (signal.aborted || pause === undefined || !isPassing(error)) throw error
      // oxlint-disable-next-line eslint/no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, pause))
      again = true
    }
  }
}

export interface Sending {
  project: string
  dataset: string
  chosen: Chosen[]
  unpack: boolean
  /** An upload that was begun before and lacks some of the files. */
  upload: string | undefined
  signal: AbortSignal
  began: (upload: string) => void
  /** How many files and bytes are there. */
  told: (files: number, bytes: number) => void
}

/** Sends a file from where the last try ended; `told` hears of its bytes. */
async function sendFile({ project, signal }: Sending, upload: string, one: Chosen, from: number, told: (bytes: number) => void): Promise<void> {
  const { path, file } = one
  if (file.size <= PART) return patiently(() => putFile(project, upload, path, file, signal), signal)
  let first = from
  while (first < file.size) {
    // A part goes on where the one before it ended.
    // oxlint-disable-next-line eslint/no-await-in-loop
    await patiently(async (again) => {
      // Some of a part that broke off may have come, or all of it and not the answer.
      if (again) first = receivedBy(await uploaded(project, upload, signal))(one) ?? 0
      const end = Math.min(first + PART, file.size)
      if (first < end) await putPart(project, upload, path, file, [first, end], signal)
      first = end
    }, signal)
    told(first)
  }
}

/** Sends what is missing, one after the other, and commits when all is there. */
export async function sendAll(of: Sending): Promise<{ committed: Committed } | { failed: Failed[] }> {
  const { project, dataset, chosen, unpack, signal } = of
  const known = of.upload
  const upload = known ?? await beginUpload(project, signal)
  of.began(upload)
  const received = known && !unpack ? receivedBy(await uploaded(project, known, signal)) : () => undefined
  const left = chosen.filter((one) => received(one) !== one.file.size)
  const failed: Failed[] = []
  let files = chosen.length - left.length
  let bytes = chosen.filter((one) => !left.includes(one)).reduce((sum, { file }) => sum + file.size, 0)
  of.told(files, bytes)
  for (const one of left) {
    const { path, file } = one
    try {
      // One at a time: a browser has six connections, and pages need some.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await (unpack
        ? patiently(() => putArchive(project, upload, file, signal), signal)
        : sendFile(of, upload, one, received(one) ?? 0, (some) => of.told(files, bytes + some)))
      files += 1
      bytes += file.size
      of.told(files, bytes)
    } catch (error) {
      if (signal.aborted) throw error
      failed.push({ path, error: error as Error })
      // What one connection cannot carry, the files after it cannot either.
      if (error instanceof ApiError && error.reason === UNREACHABLE) break
    }
  }
  return failed.length > 0 ? { failed } : { committed: await commitUpload(project, upload, dataset, signal) }
}
