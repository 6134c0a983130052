import { beginUpload, commitUpload, putArchive, putFile, uploaded, type Committed } from '../../api/data'
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

/** Files that an upload does not have yet; a file is known by its path and size. */
export function missing(chosen: Chosen[], have: { path: string; size: number }[]): Chosen[] {
  const there = new Map(have.map(({ path, size }) => [path, size]))
  return chosen.filter(({ path, file }) => there.get(path) !== file.size)
}

/** Whether sending again may work: the connection broke, or the other side was busy. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.reason === UNREACHABLE || error.reason === 'broken_off' || [429, 502, 503, 504].includes(error.status)
}

/** Two tries again, so that a short break passes unseen; then a person decides. */
const PAUSES_MS = [500, 2000]

async function patiently(work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (const pause of [...PAUSES_MS, undefined]) {
    try {
      // A try follows the one before it.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await work()
      return
    } catch (error) {
      if (signal.aborted || pause === undefined || !isPassing(error)) throw error
      // oxlint-disable-next-line eslint/no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, pause))
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

/** Sends what is missing, one after the other, and commits when all is there. */
export async function sendAll(of: Sending): Promise<{ committed: Committed } | { failed: Failed[] }> {
  const { project, dataset, chosen, unpack, signal } = of
  const known = of.upload
  const upload = known ?? await beginUpload(project, signal)
  of.began(upload)
  const left = known && !unpack ? missing(chosen, await uploaded(project, known, signal)) : chosen
  const failed: Failed[] = []
  let files = chosen.length - left.length
  let bytes = chosen.filter((one) => !left.includes(one)).reduce((sum, { file }) => sum + file.size, 0)
  of.told(files, bytes)
  for (const { path, file } of left) {
    try {
      // One at a time: a browser has six connections, and pages need some.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await patiently(() => (unpack ? putArchive(project, upload, file, signal) : putFile(project, upload, path, file, signal)), signal)
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
