import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Environment } from '../../api/generated'
import { ENVIRONMENTS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { CreateEnvironment } from './Create'

export function EnvironmentList() {
  const t = useText()
  const project = useProject()
  const listed = useList(ENVIRONMENTS, { namespace: project })
  const mayCreate = useCan('create', ENVIRONMENTS, project)
  const create = mayCreate && <CreateEnvironment project={project} />
  const columns: Column<Environment>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.metadata.name, cell: (one) => <Link className="strong" to={at(project, 'environments', one.metadata.name)}>{one.metadata.name}</Link> },
    {
      key: 'status', title: t('field.status'),
      cell: (one) => {
        const state = readiness(one.status?.conditions)
        return (
          <div>
            <Status tone={state.tone} label={t(state.word)} busy={state.busy} />
            {state.tone !== 'success' && <div className="muted small">{reasonWords(t, state.reason)}</div>}
          </div>
        )
      },
    },
    { key: 'python', title: t('environments.python'), sort: (one) => one.status?.pythonVersion, cell: (one) => one.status?.pythonVersion ?? one.spec.python?.version ?? one.spec.image ?? '—' },
    {
      key: 'asks', title: t('environments.requirements'), from: 'md', width: '35%',
      cell: (one) => <span className="mono">{one.spec.python?.requirements?.slice(0, 4).join(' ')}{(one.spec.python?.requirements?.length ?? 0) > 4 && ' …'}</span>,
    },
    { key: 'packages', title: t('environments.packages'), align: 'right', sort: (one) => one.status?.packages?.length, cell: (one) => number(one.status?.packages?.length, 0) },
    { key: 'created', title: t('field.created'), sort: (one) => one.metadata.creationTimestamp, cell: (one) => <Ago time={one.metadata.creationTimestamp} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.environments')} facts={listed.data ? [t('environments.count', { count: listed.data.length })] : []} actions={create} />
      <Card>
        <DataTable rows={listed.data} error={listed.error} retry={listed.refetch} columns={columns} rowKey={(one) => one.metadata.name} order="name"
          text={(one) => `${one.metadata.name} ${one.spec.python?.requirements?.join(' ') ?? ''}`}
          empty={<Empty title={t('environments.none')} hint={t('environments.noneHint')} action={create} />} />
      </Card>
    </>
  )
}
