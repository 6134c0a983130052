import { useMemo } from 'react'
import { MOST_SHOWN, useCodeText, type CodeFile } from '../../api/algorithms'
import { brief, compareLines, type Line } from '../../components/lines'
import { Failure, Loading } from '../../components/States'
import { useText } from '../../i18n'

/** A file in the bundle of an older version and in that of a newer one. */
export interface Place {
  bundle: string | undefined
  file: CodeFile | undefined
}

const SIGN = { same: ' ', gone: '−', new: '+' }

/** The lines in which a file differs between two bundles. */
export function ChangedFile({ project, path, was, is }: { project: string; path: string; was: Place; is: Place }) {
  const t = useText()
  const isLong = [was, is].some(({ file }) => (file?.size ?? 0) > MOST_SHOWN)
  const old = useCodeText(project, was.bundle, was.file && !isLong ? path : undefined)
  const next = useCodeText(project, is.bundle, is.file && !isLong ? path : undefined)
  const [before, after] = [was.file ? old.data : '', is.file ? next.data : '']
  const lines = useMemo(() => (before === undefined || after === undefined ? undefined : brief(compareLines(before, after))), [before, after])
  if (isLong) return <p className="muted">{t('algorithms.tooLong')}</p>
  const failed = old.error ? old : next
  if (failed.error) return <Failure error={failed.error} retry={() => void failed.refetch()} />
  if (!lines) return <Loading rows={3} />
  if (`${before}${after}`.includes('\0')) return <p className="muted">{t('algorithms.binary')}</p>
  return <pre tabIndex={0} aria-label={path}>{lines.map((line, at) => (typeof line === 'number' ? <span className="left-out" key={at}>{t('algorithms.sameLines', { count: line })}</span> : <Row key={at} line={line} />))}</pre>
}

function Row({ line: { way, text, was, is } }: { line: Line }) {
  const words = <><span className="line-number" aria-hidden>{is ?? was}</span><span aria-hidden>{SIGN[way]} </span>{text}</>
  if (way === 'gone') return <del>{words}</del>
  return way === 'new' ? <ins>{words}</ins> : <span className="kept">{words}</span>
}
