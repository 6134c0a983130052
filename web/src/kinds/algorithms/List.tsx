import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import { useShared, type SharedAlgorithm } from '../../api/algorithms'
import type { Algorithm } from '../../api/generated'
import { ALGORITHMS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useLanguage, useText } from '../../i18n'
import { readiness } from '../../objects/readiness'
import { trainWith } from './links'
import { bestOf, wordsOf } from './versions'

export function AlgorithmList() {
  const t = useText()
  const { language } = useLanguage()
  const project = useProject()
  const listed = useList(ALGORITHMS, { namespace: project })
  const shared = useShared(project)
  const actions = useCan('create', ALGORITHMS, project) && (
    <>
      <Link to={at(project, 'algorithms', 'library')}><Button>{t('algorithms.library')}</Button></Link>
      <Link to={at(project, 'algorithms', 'new')}><Button type="primary">{t('algorithms.new')}</Button></Link>
    </>
  )
  const columns: Column<Algorithm>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.metadata.name, cell: (one) => <><Link className="strong" to={at(project, 'algorithms', one.metadata.name)}>{one.metadata.name}</Link><div className="muted small">{wordsOf(one, language).title}</div></> },
    { key: 'status', title: t('field.status'), cell: (one) => { const state = readiness(one.status?.conditions); return <Status tone={state.tone} label={t(state.word)} busy={state.busy} /> } },
    { key: 'version', title: t('algorithms.newest'), sort: (one) => one.status?.versions?.length, cell: (one) => <span className="mono">{one.status?.latest ?? '—'}</span> },
    { key: 'about', title: t('algorithms.description'), from: 'lg', width: '40%', cell: (one) => <span className="muted">{wordsOf(one, language).description}</span> },
    { key: 'created', title: t('field.created'), from: 'md', sort: (one) => one.metadata.creationTimestamp, cell: (one) => <Ago time={one.metadata.creationTimestamp} /> },
    { key: 'run', title: '', align: 'right', cell: (one) => one.status?.latest && <Link to={trainWith(project, one.metadata.name)}><Button size="small">{t('algorithms.run')}</Button></Link> },
  ]
  return (
    <>
      <PageHead title={t('nav.algorithms')} facts={listed.data ? [t('algorithms.count', { count: listed.data.length })] : []} actions={actions} />
      <div className="stack">
        <Card>
          <DataTable rows={listed.data} error={listed.error} retry={listed.refetch} columns={columns} rowKey={(one) => one.metadata.name} order="name"
            text={(one) => `${one.metadata.name} ${wordsOf(one, language).title}`} empty={<Empty title={t('algorithms.none')} hint={t('algorithms.noneHint')} action={actions} />} />
        </Card>
        {(shared.data?.length ?? 0) > 0 && <SharedOnes project={project} rows={shared.data ?? []} />}
      </div>
    </>
  )
}

/** What other projects let this one run. */
function SharedOnes({ project, rows }: { project: string; rows: SharedAlgorithm[] }) {
  const t = useText()
  const columns: Column<SharedAlgorithm>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <><span className="strong">{one.name}</span><div className="muted small">{one.title}</div></> },
    { key: 'version', title: t('algorithms.newest'), cell: (one) => <span className="mono">{bestOf(one.versions)?.name ?? '—'}</span> },
    { key: 'about', title: t('algorithms.description'), from: 'md', cell: (one) => <span className="muted">{one.description}</span> },
    { key: 'run', title: '', align: 'right', cell: (one) => <Link to={trainWith(project, one.name)}><Button size="small">{t('algorithms.run')}</Button></Link> },
  ]
  return <Card title={t('algorithms.sharedHere')}><DataTable rows={rows} columns={columns} rowKey={(one) => one.name} order="name" prefix="shared." empty={<Empty title={t('algorithms.none')} />} /></Card>
}
