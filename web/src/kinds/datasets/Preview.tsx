import type { CSSProperties } from 'react'
import { fileAddress } from '../../api/data'
import { isTablePreview, type Paged, type Picture, type Preview as Page, type TablePage, type TextPage, type Where } from '../../api/dataViews'
import { Facts } from '../../components/Facts'
import { More } from '../../components/More'
import { Notice } from '../../components/Notice'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { isShown } from './content'
import { PreviewTable } from './PreviewTable'

interface Props {
  pages: Page[]
  more: Paged<Page>
  where: Where
}

/** What a file looks like, as far as it was asked for. */
export function Preview({ pages, more, where }: Props) {
  const t = useText()
  const [first] = pages
  if (!first) return null
  return (
    <div className="stack tight">
      {!first.verified && <Notice tone="warning">{t('files.notVerified')}</Notice>}
      {isTablePreview(first) ? <Table pages={pages.filter(isTablePreview).map(({ content }) => content)} more={more} />
        : first.format === 'text' ? <Text pages={pages.flatMap((page) => (page.format === 'text' ? [page.content] : []))} more={more} path={where.path} />
        : first.format === 'image' ? <Image picture={first.content} where={where} />
        : <Empty title={t('files.binary')} hint={t('files.binaryHint', { size: bytes(first.file.size) })} />}
    </div>
  )
}

const DELIMITERS: Record<string, string> = { '\t': 'Tab', ' ': 'Space' }

function Table({ pages, more }: { pages: TablePage[]; more: Paged<Page> }) {
  const t = useText()
  const rows = pages.flatMap((page) => page.rows)
  const last = pages.at(-1)
  const [first] = pages
  if (rows.length === 0) return <Empty title={t('files.noRows')} hint={last?.columns.join(', ')} />
  const bad = rows.filter((row) => row.problem !== undefined)
  const facts = [
    t('files.rowsShown', { count: number(rows.length, 0), total: first?.total === undefined ? '' : ` / ${number(first.total, 0)}` }),
    t('files.columns', { count: last?.columns.length ?? 0 }),
    ...(first?.table ? [t('files.delimiter', { delimiter: DELIMITERS[first.table.delimiter] ?? first.table.delimiter }), first.table.encoding] : []),
  ]
  return (
    <>
      <p className="muted small numbers">{facts.join(' · ')}</p>
      {bad.length > 0 && <Notice tone="warning">{t('files.bad', { count: bad.length })}</Notice>}
      <PreviewTable columns={last?.columns ?? []} rows={rows} />
      <More of={more} />
    </>
  )
}

function Text({ pages, more, path }: { pages: TextPage[]; more: Paged<Page>; path: string }) {
  const t = useText()
  const lines = pages.flatMap((page) => page.lines)
  if (lines.length === 0) return <Empty title={t('files.noLines')} />
  return (
    <>
      <p className="muted small numbers">{t('files.linesShown', { count: number(lines.length, 0) })} · {pages[0]?.encoding}</p>
      <ol className="preview-text mono" tabIndex={0} aria-label={path} style={{ '--digits': String(lines.at(-1)?.line ?? 1).length } as CSSProperties}>
        {lines.map(({ line, text, cut, problem }) => (
          <li key={line} value={line}>
            {text}{cut && <span className="muted small"> {t('files.cut')}</span>}{problem && <span className="tag tone-warning">{problem}</span>}
          </li>
        ))}
      </ol>
      <More of={more} />
    </>
  )
}

function Image({ picture, where }: { picture: Picture; where: Where }) {
  const t = useText()
  const { mediaType, width, height, problem } = picture
  return (
    <>
      {problem && <Notice tone="warning">{problem}</Notice>}
      {!problem && isShown(mediaType) && <img className="preview-image" src={fileAddress(where.project, where.dataset, where.version, where.path)} alt={where.path} />}
      <Facts of={[[t('files.mediaType'), mediaType], [t('files.dimensions'), width && height ? `${width} × ${height}` : undefined]]} />
    </>
  )
}
