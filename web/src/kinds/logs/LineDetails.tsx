import { Button, Checkbox } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import type { LogLine } from '../../api/logs'
import { CopyButton } from '../../components/Code'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { flattened } from '../../objects/LogLinesParts'
import { Context } from './Context'
import { InOut } from './Fields'
import type { LogSearch } from './useSearch'

const NO_FILTER = new Set(['@timestamp', 'message'])

/** Everything that one line says, and what leads on from it. */
export function LineDetails({ line, search }: { line: LogLine; search: LogSearch }) {
  const t = useText()
  const [context, setContext] = useState(false)
  const { namespace, trace_id: trace } = line
  return (
    <div className="log-details">
      <div className="row wrap" style={{ marginBottom: 6 }}>
        {line.pod && line.sort && <Button size="small" onClick={() => setContext(true)}>{t('explorer.context')}</Button>}
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
      {context && <Context line={line} close={() => setContext(false)} />}
    </div>
  )
}
