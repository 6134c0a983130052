import { SearchOutlined } from '@ant-design/icons'
import { Input, Table } from 'antd'
import type { ColumnType, TableRowSelection } from 'antd/es/table/interface'
import { useRef, type Key, type ReactNode } from 'react'
import { useText } from '../i18n'
import { useAddress } from './address'
import { Failure, Loading } from './States'
import { useReachable } from './useReachable'

export interface Column<T> {
  key: string
  title: string
  cell: (row: T) => ReactNode
  /** What to sort by; without it the column does not sort. */
  sort?: (row: T) => string | number | undefined
  align?: 'right'
  width?: number | string
  /** Left out below this width. */
  from?: 'sm' | 'md' | 'lg' | 'xl' | 'xxl'
}

interface Selection {
  chosen: string[]
  choose: (keys: string[]) => void
  /** Only the last so many stay chosen, so that there is no choosing all. */
  most?: number
}

interface Props<T> {
  rows: T[] | undefined
  error?: Error | null
  retry?: () => unknown
  columns: Column<T>[]
  rowKey: (row: T) => string
  /** What the search box looks through; without it there is none. */
  text?: (row: T) => string
  /** Shown when there is nothing at all. */
  empty: ReactNode
  tools?: ReactNode
  /** First order, `name` or `name.desc`. */
  order?: string
  selection?: Selection
  /** Two tables on one page: the prefix of this one's words in the address. */
  prefix?: string
  /** Rows of one page. */
  page?: number
}

/** Every table: searched, sorted, and both in the address. */
export function DataTable<T extends object>(props: Props<T>) {
  const { rows, error, retry, columns, rowKey, text, empty, tools, order = '', selection, prefix = '', page = 50 } = props
  const t = useText()
  const box = useRef<HTMLDivElement>(null)
  const [search, setSearch] = useAddress(`${prefix}q`)
  const [sort, setSort] = useAddress(`${prefix}sort`, order)
  useReachable(box, rows !== undefined && rows.length > 0)
  if (rows === undefined) return error ? <Failure error={error} retry={retry} /> : <Loading rows={5} />
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const found = text && words.length ? rows.filter((row) => words.every((word) => text(row).toLowerCase().includes(word))) : rows
  const [sorted, direction] = sort.split('.')
  return (
    <>
      {(text && rows.length > 0) || tools ? (
        <div className="table-tools">
          {text && rows.length > 0 && (
            <Input allowClear prefix={<SearchOutlined />} placeholder={t('table.search')} aria-label={t('table.search')}
              value={search} onChange={(event) => setSearch(event.target.value)} />
          )}
          {tools}
        </div>
      ) : null}
      {rows.length === 0 ? empty : (
        <div ref={box}><Table<T>
          size="small" rowKey={rowKey} dataSource={found} showSorterTooltip={false}
          pagination={found.length > page ? { pageSize: page, size: 'small', showSizeChanger: false } : false}
          locale={{ emptyText: t('table.nothing', { search }) }}
          {...(selection && { rowSelection: selectionOf<T>(selection) })}
          columns={columns.map((column) => antColumn(column, sorted, direction))}
          onChange={(_page, _filters, sorter) => {
            const one = Array.isArray(sorter) ? sorter[0] : sorter
            setSort(one?.order ? `${String(one.columnKey)}${one.order === 'descend' ? '.desc' : ''}` : '')
          }}
        /></div>
      )}
    </>
  )
}

function selectionOf<T>({ chosen, choose, most }: Selection): TableRowSelection<T> {
  return { selectedRowKeys: chosen, hideSelectAll: most !== undefined, onChange: (keys: Key[]) => choose(keys.map(String).slice(most ? -most : 0)) }
}

function antColumn<T>(column: Column<T>, sorted: string | undefined, direction: string | undefined): ColumnType<T> {
  const { sort } = column
  return {
    key: column.key,
    title: column.title,
    render: (_value, row) => column.cell(row),
    ...(column.align && { align: column.align }),
    ...(column.width && { width: column.width }),
    ...(column.from && { responsive: [column.from] }),
    ...(sort && {
      sorter: (a: T, b: T) => compare(sort(a), sort(b)),
      sortOrder: sorted === column.key ? (direction === 'desc' ? ('descend' as const) : ('ascend' as const)) : null,
    }),
  }
}

function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), undefined, { numeric: true })
}
