import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { LabelingProject } from '../../api/generated'
import { LABELING_PROJECTS } from '../../api/kinds'
import { useProgress, useStatistics, type Annotator, type Pair } from '../../api/labeling'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Facts } from '../../components/Facts'
import { Ring } from '../../components/Ring'
import { Empty, Failure, Loading } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, number, percent } from '../../i18n/format'
import { keysOf } from './answer'
import { Disagreement } from './Disagreement'
import { Preannotation } from './Preannotation'

/** How far it is, who did how much, and how well they agree. */
export function Overview({ project, work }: { project: string; work: LabelingProject }) {
  const t = useText()
  const { name } = work.metadata
  const progress = useProgress(project, name)
  const statistics = useStatistics(project, name)
  const { tasks = 0, done = 0, toReview = 0 } = progress.data ?? {}
  const figures = statistics.data
  const may = useCan('patch', LABELING_PROJECTS, project) ?? false
  const suggests = may || work.spec.preannotation !== undefined
  return (
    <div className="grid">
      <Card className="span-4" title={t('labeling.progress')} extra={toReview > 0 && <Link to={at(project, 'labeling', name, 'review')}>{t('labeling.toReview', { count: toReview })}</Link>}>
        {progress.data ? (
          <div className="row wrap" style={{ gap: 20 }}>
            <Ring ratio={tasks > 0 ? done / tasks : 0} tone="accent" label={t('labeling.done')} />
            <div className="stack tight">
              <Facts of={[[t('labeling.done'), number(done, 0)], [t('labeling.tasks'), number(tasks, 0)]]} />
              {work.status?.dataset && <Link to={at(project, 'labeling', name, 'work')}><Button type="primary">{t('labeling.work')}</Button></Link>}
            </div>
          </div>
        ) : progress.error ? <Failure error={progress.error} retry={progress.refetch} /> : <Loading />}
      </Card>
      <Card className={suggests ? 'span-4' : 'span-8'} title={t('labeling.labels')}>
        <div className="labeling-labels">
          {keysOf(work.spec.config).map((one) => (
            <span className="labeling-label" key={one.label} style={{ '--label': one.color } as React.CSSProperties}>
              <span className="labeling-dot" aria-hidden />{one.label}
              {figures && <span className="muted numbers">{number(figures.agreement.labels?.find(({ label }) => label === one.label)?.answers ?? 0, 0)}</span>}
            </span>
          ))}
        </div>
        {work.spec.config.instructions && <p className="pre anywhere" style={{ marginTop: 14 }}>{work.spec.config.instructions}</p>}
      </Card>
      {suggests && <Preannotation project={project} work={work} may={may} />}
      <Card className="span-8" title={t('labeling.people')}>
        {figures ? <People rows={figures.annotators} /> : statistics.error ? <Failure error={statistics.error} /> : <Loading />}
      </Card>
      <Card className="span-4" title={t('labeling.agreement')}>
        {figures && figures.agreement.tasks > 0 ? (
          <div className="stack">
            <Facts of={[[t('labeling.both'), number(figures.agreement.tasks, 0)], [t('labeling.mean'), percent(figures.agreement.mean ?? undefined)], [t('labeling.fleiss'), number(figures.agreement.fleissKappa ?? undefined, 2)]]} />
            <Pairs rows={figures.agreement.pairs} />
          </div>
        ) : <Empty title={t('labeling.notMeasured')} hint={t('labeling.agreementHint')} />}
      </Card>
      {figures && figures.agreement.tasks > 0 && <Disagreement project={project} work={name} labels={figures.agreement.labels} />}
    </div>
  )
}

function People({ rows }: { rows: Annotator[] }) {
  const t = useText()
  const columns: Column<Annotator>[] = [
    { key: 'name', title: t('labeling.people'), sort: (one) => one.annotator, cell: (one) => <Link to={`/people/${encodeURIComponent(one.annotator)}`}>{one.annotator}</Link> },
    { key: 'answers', title: t('labeling.answers'), align: 'right', sort: (one) => one.answers, cell: (one) => number(one.answers, 0) },
    { key: 'skipped', title: t('labeling.skipped'), align: 'right', from: 'md', sort: (one) => one.skipped, cell: (one) => number(one.skipped, 0) },
    { key: 'rejected', title: t('labeling.rejected'), align: 'right', from: 'md', sort: (one) => one.rejected, cell: (one) => number(one.rejected, 0) },
    { key: 'seconds', title: t('labeling.seconds'), align: 'right', sort: (one) => one.medianSeconds ?? undefined, cell: (one) => (typeof one.medianSeconds === 'number' ? duration(one.medianSeconds) : '—') },
    { key: 'agreement', title: t('labeling.agreement'), align: 'right', from: 'lg', sort: (one) => one.agreement ?? undefined, cell: (one) => (typeof one.agreement === 'number' ? percent(one.agreement) : '—') },
    { key: 'gold', title: t('labeling.gold'), align: 'right', from: 'lg', sort: (one) => one.goldAccuracy ?? undefined, cell: (one) => (typeof one.goldAccuracy === 'number' ? percent(one.goldAccuracy) : '—') },
  ]
  return <DataTable rows={rows} columns={columns} rowKey={(one) => one.annotator} order="answers.desc" prefix="people." empty={<Empty title={t('labeling.nobody')} />} />
}

function Pairs({ rows }: { rows: Pair[] }) {
  const t = useText()
  const columns: Column<Pair>[] = [
    { key: 'pair', title: t('labeling.pair'), cell: (one) => one.annotators.join(' · ') },
    { key: 'cohen', title: t('labeling.cohen'), align: 'right', sort: (one) => one.cohenKappa ?? undefined, cell: (one) => (typeof one.cohenKappa === 'number' ? number(one.cohenKappa, 2) : percent(one.mean)) },
  ]
  return <DataTable rows={rows} columns={columns} rowKey={(one) => one.annotators.join('/')} order="pair" prefix="pairs." empty={<Empty title={t('labeling.nobody')} />} />
}
