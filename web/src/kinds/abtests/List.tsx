import { Button, Select } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { ABTest } from '../../api/generated'
import { AB_TESTS, CREATED_BY } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { reasonWords } from '../../objects/reasons'
import { leaderOf, metricsOf, sharesOf, standingOf } from './arms'
import { phaseOf, PHASES, whyOf, type Phase } from './phase'
import { ShareBar } from './ShareBar'
import { Teach } from './Teach'
import { knownWords, signed } from './words'

const byOf = ({ metadata }: ABTest) => metadata.annotations?.[CREATED_BY]
const nameOf = ({ metadata }: ABTest) => metadata.name

/** Tests between models behind one address. */
export function ABTestList() {
  const t = useText()
  const project = useProject()
  const tests = useList(AB_TESTS, { namespace: project })
  const mayCreate = useCan('create', AB_TESTS, project)
  const [phase, setPhase] = useAddress('phase')
  const rows = tests.data?.filter((test) => !phase || phaseOf(test) === phase)
  const running = tests.data?.filter((test) => phaseOf(test) === 'Running').length ?? 0
  const create = mayCreate && <Link to={at(project, 'abtests', 'new')}><Button type="primary">{t('abtests.new')}</Button></Link>
  return (
    <>
      <PageHead title={t('nav.abtests')} facts={tests.data ? [t('abtests.count', { count: tests.data.length }), t('sweeps.runningCount', { count: running })] : []} actions={create} />
      <Card>
        <DataTable rows={rows} error={tests.error} retry={tests.refetch} columns={columns(t, project)} rowKey={nameOf} order="created.desc"
          text={(test) => `${nameOf(test)} ${test.spec.primary} ${t(PHASES[phaseOf(test)].word)} ${test.spec.variants.map(({ name, service, model }) => `${name} ${service ?? model}`).join(' ')} ${byOf(test) ?? ''}`}
          tools={tests.data && tests.data.length > 0 && (
            <Select value={phase} onChange={setPhase} aria-label={t('field.status')} style={{ width: 140 }}
              options={[{ value: '', label: t('jobs.anyPhase') }, ...(Object.keys(PHASES) as Phase[]).map((one) => ({ value: one, label: t(PHASES[one].word) }))]} />
          )}
          empty={phase ? <Empty title={t('abtests.nonePhase')} /> : <Teach action={create} />} />
      </Card>
    </>
  )
}

function columns(t: ReturnType<typeof useText>, project: string): Column<ABTest>[] {
  return [
    { key: 'name', title: t('field.name'), sort: nameOf, cell: (test) => <div className="rule-name"><Link className="strong" to={at(project, 'abtests', nameOf(test))}>{nameOf(test)}</Link></div> },
    { key: 'status', title: t('field.status'), sort: phaseOf, cell: (test) => <Phased test={test} /> },
    { key: 'variants', title: t('abtests.variants'), width: '24%', cell: (test) => <div className="wraps"><ShareBar named parts={test.spec.variants.map(({ name }, index) => ({ name, share: sharesOf(test)[index] ?? 0 }))} label={nameOf(test)} /></div> },
    { key: 'leader', title: t('abtests.leader'), cell: (test) => <Leader test={test} /> },
    { key: 'subjects', title: t('abtests.subjects'), align: 'right', sort: (test) => test.status?.subjects, cell: (test) => number(test.status?.subjects ?? 0, 0) },
    { key: 'by', title: t('field.createdBy'), from: 'xl', sort: byOf, cell: (test) => byOf(test) ?? '—' },
    { key: 'created', title: t('field.created'), from: 'md', sort: (test) => test.metadata.creationTimestamp, cell: (test) => <Ago time={test.metadata.creationTimestamp} /> },
  ]
}

function Phased({ test }: { test: ABTest }) {
  const t = useText()
  const phase = phaseOf(test)
  const why = whyOf(test)
  const alarm = test.status?.mismatch?.alarm
  return (
    <div>
      <Status tone={alarm ? 'error' : PHASES[phase].tone} label={t(PHASES[phase].word)} busy={phase === 'Running'} />
      {(alarm || (why && why.tone !== 'success')) && <div className={`small ${alarm ? 'toned tone-error' : 'muted'}`} title={why?.message}>{alarm ? t('abtests.mismatch') : reasonWords(t, why?.reason)}</div>}
    </div>
  )
}

/** The variant that does best on the metric that decides. */
function Leader({ test }: { test: ABTest }) {
  const t = useText()
  const [metric] = metricsOf(test)
  const leader = leaderOf(test)
  if (!metric || !leader?.figures) return <span className="muted">—</span>
  const standing = standingOf(test, metric, leader)
  const { word, how } = knownWords(t, standing, leader.figures)
  return (
    <div className="wraps">
      <span className="strong">{leader.variant}</span> <span className="numbers">{signed(leader.figures.effect)}</span>
      <div className="small numbers"><span className={`toned tone-${standing === 'better' ? 'success' : standing === 'worse' ? 'error' : 'muted'}`}>{word}</span> <span className="muted">· {how}</span></div>
    </div>
  )
}
