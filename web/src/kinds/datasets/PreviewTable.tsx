import type { TableRow, Value } from '../../api/dataViews'
import { useText } from '../../i18n'
import { columnTypes, isNumeric } from './content'
import { typeWords } from './words'

interface Props {
  columns: string[]
  rows: TableRow[]
}

/** Rows as the file has them; a bad one says its line and what is wrong. */
export function PreviewTable({ columns, rows }: Props) {
  const t = useText()
  const types = columnTypes(columns, rows)
  return (
    // A keyboard scrolls what has focus.
    <div className="preview-table" tabIndex={0} role="region" aria-label={t('files.preview')}>
      <table className="numbers">
        <thead>
          <tr>
            <th scope="col" className="at">{t('files.row')}</th>
            {columns.map((name, column) => <th scope="col" key={name} className={isNumeric(types[column] ?? '') ? 'right' : ''}>{name}<span className="type">{typeWords(t, types[column] ?? '')}</span></th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (row.problem === undefined ? <Good key={row.row} row={row} columns={columns} types={types} /> : <Bad key={row.row} row={row} columns={columns.length} />))}
        </tbody>
      </table>
    </div>
  )
}

function Good({ row, columns, types }: { row: TableRow; columns: string[]; types: string[] }) {
  const t = useText()
  return (
    <tr>
      <th scope="row" className="at">{row.row + 1}</th>
      {columns.map((name, column) => {
        const value = row.values[column]
        return (
          <td key={name} className={isNumeric(types[column] ?? '') ? 'right' : ''} title={typeof value === 'string' && value.length > LONG ? value : undefined}>
            <Shown value={value} />{row.cut?.includes(column) && <span className="muted small"> {t('files.cut')}</span>}
          </td>
        )
      })}
    </tr>
  )
}

/** Longer values do not fit their cell. */
const LONG = 40

function Shown({ value }: { value: Value | undefined }) {
  const t = useText()
  if (value === null || value === undefined) return <span className="muted" title={t('files.missing')}>—</span>
  return String(value)
}

function Bad({ row, columns }: { row: TableRow; columns: number }) {
  const t = useText()
  return (
    <tr className="bad">
      <th scope="row" className="at">{row.row + 1}</th>
      <td colSpan={Math.max(1, columns)}>
        <div className="bad-words">
          <span className="tag tone-warning">{row.line === undefined ? t('files.badRow') : t('files.badLine', { line: row.line })}</span> {row.problem}
          {(row.raw ?? row.values.length > 0) && <div className="mono muted raw">{row.raw ?? row.values.map((value) => value ?? '').join(' | ')}</div>}
        </div>
      </td>
    </tr>
  )
}
