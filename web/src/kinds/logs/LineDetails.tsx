import { Button, Checkbox } from 'antd'
import { Link } from 'react-router'
import type { LogLine } from '../../api/logs'
import { CopyButton } from '../../components/Code'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { flattened } from '../../objects/LogLinesParts'
import { InOut } from './Fields'
import type { LogSearch } from './useSearch'

const NO_FILTER = new Set(['@timestamp', 'message'])

interface Props {
  line: LogLine
  search: LogSearch
  /** Shows the lines around this one. */
  around: (line: LogLine) => void
}

/** Everything that one line says, and what leads on from it. */
export function LineDetails({ line, search, around }: Props) {
  const t = useText()
  const { namespace, trace_id: trace } = line
  return (
    <div className="log-details">
      <div className="row wrap" style={{ marginBottom: 6 }}>
        {line.pod && line.sort && <Button size="small" onClick={() => around(line)}>{t('explorer.context')}</Button>}
        {trace && namespace && <Link to={at(namespace, 'traces', trace)}><Button size="small">{t('explorer.toTrace')}</Button></Link>}
        <CopyButton text={JSON.stringify({ ...line, sort: undefined }, null, 2)} />
      </div>
      <table>
        <tbody>
          {flattened(line).map(([field, value]) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>{value}</td>
              <td className="log-detail-tools">
                {!NO_FILTER.has(field) && (
                  <span className="row" style={{ gap: 2 }}>
                    <InOut field={field} value={value} search={search} />
                    <Checkbox checked={search.columns.includes(field)} onChange={() => search.toggleColumn(field)} aria-label={t('explorer.column', { field })} title={t('explorer.column', { field })} />
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
