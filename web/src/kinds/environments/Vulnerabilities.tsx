import type { Environment } from '../../api/generated'
import { useVulnerabilities, type Severity, type Vulnerabilities as Told, type Vulnerability } from '../../api/vulnerabilities'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Notice } from '../../components/Notice'
import { Await, Empty } from '../../components/States'
import { Status } from '../../components/Status'
import type { Tone } from '../../components/tone'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'

interface Row extends Vulnerability {
  name: string
  version: string
}

/** The worst last. */
const ORDER: Severity[] = ['unknown', 'none', 'low', 'medium', 'high', 'critical']
const TONES: Record<Severity, Tone> = { unknown: 'muted', none: 'muted', low: 'accent', medium: 'warning', high: 'error', critical: 'error' }

/** What is known against what is installed, or that nothing is known, which is another thing. */
export function Vulnerabilities({ environment }: { environment: Environment }) {
  const t = useText()
  const { namespace = '', name } = environment.metadata
  const told = useVulnerabilities(namespace, name, environment.status?.contentDigest ?? environment.status?.digest ?? undefined)
  return (
    <Await of={told} rows={5}>
      {(answer) => (answer.packages === null
        ? <Card><Empty title={t('vulnerabilities.unknown')} hint={<>{t(answer.data.state === 'none' ? 'vulnerabilities.noData' : 'vulnerabilities.unreadable')} <span className="mono" style={{ whiteSpace: 'nowrap' }}>dais up --advisories</span></>} /></Card>
        : <Known data={answer.data} packages={answer.packages} />)}
    </Await>
  )
}

function Known({ data, packages }: { data: Told['data']; packages: NonNullable<Told['packages']> }) {
  const t = useText()
  const rows: Row[] = packages.flatMap(({ name, version, vulnerabilities }) => vulnerabilities.map((one) => ({ ...one, name, version })))
  const odd = packages.filter(({ isComparable }) => !isComparable).map(({ name, version }) => `${name} ${version}`)
  const words: Record<Severity, string> = {
    unknown: t('severity.unknown'), none: t('severity.none'), low: t('severity.low'),
    medium: t('severity.medium'), high: t('severity.high'), critical: t('severity.critical'),
  }
  const columns: Column<Row>[] = [
    { key: 'name', title: t('vulnerabilities.package'), sort: (one) => one.name, cell: (one) => <div><span className="mono">{one.name}</span><div className="muted small mono">{one.version}</div></div> },
    { key: 'severity', title: t('vulnerabilities.severity'), sort: (one) => ORDER.indexOf(one.severity) * 100 + (one.score ?? 0), cell: (one) => <Status tone={TONES[one.severity]} label={one.score === undefined ? words[one.severity] : `${words[one.severity]} ${one.score.toFixed(1)}`} /> },
    { key: 'id', title: t('vulnerabilities.advisory'), sort: (one) => one.id, width: '45%', cell: (one) => <div><div>{one.summary || '—'}</div><div className="muted small mono anywhere">{[one.id, ...one.aliases].join(' · ')}</div></div> },
    { key: 'fixed', title: t('vulnerabilities.fixedIn'), from: 'sm', cell: (one) => <span className="mono">{one.fixedIn.join(', ') || t('vulnerabilities.notFixed')}</span> },
  ]
  return (
    <div className="stack">
      {data.reason && <Notice tone="warning" title={t('vulnerabilities.outdated')}>{data.reason}</Notice>}
      {odd.length > 0 && <Notice tone="warning" title={t('vulnerabilities.odd')}>{odd.join(', ')}</Notice>}
      <Card title={t('vulnerabilities.title')} extra={<span className="muted small">{t('vulnerabilities.compared', { count: number(data.advisories, 0) })} {data.newest && <Ago time={data.newest} />}</span>}>
        <DataTable rows={rows} columns={columns} rowKey={(one) => `${one.name} ${one.id}`} text={(one) => `${one.name} ${one.id} ${one.aliases.join(' ')} ${one.summary}`} order="severity.desc"
          empty={<Empty title={t('vulnerabilities.none')} hint={t('vulnerabilities.noneHint')} />} />
        {Boolean(data.skipped) && <p className="muted small">{t('vulnerabilities.skipped', { count: number(data.skipped, 0) })}</p>}
      </Card>
    </div>
  )
}
