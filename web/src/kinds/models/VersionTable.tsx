import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popover } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { InferenceService, TrainingJob } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { aliasesOf, dropAlias, setAlias, type ModelVersion, type RegisteredModel } from '../../api/mlflow'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { percent } from '../../i18n/format'
import { rolloutsOf } from '../services/rollout'

interface Props {
  project: string
  model: RegisteredModel
  versions: ModelVersion[]
  jobs: TrainingJob[]
  services: InferenceService[]
  chosen: string | undefined
  choose: (version: string) => void
}

export function VersionTable({ project, model, versions, jobs, services, chosen, choose }: Props) {
  const t = useText()
  const mayDeploy = useCan('create', INFERENCE_SERVICES, project)
  const jobOf = (version: ModelVersion) => jobs.find((job) => version.run_id && job.status?.runId === version.run_id)
  const serving = (version: ModelVersion) => services.filter((one) => one.status?.modelName === model.name && one.status.modelVersion === version.version)
  const columns: Column<ModelVersion>[] = [
    {
      key: 'version', title: t('datasets.version'), sort: (one) => Number(one.version),
      cell: (one) => <Button type="link" size="small" style={{ padding: 0, fontWeight: one.version === chosen ? 700 : 500 }} onClick={() => choose(one.version)}>{t('models.version', { version: one.version })}</Button>,
    },
    { key: 'aliases', title: t('models.aliases'), cell: (one) => <Aliases project={project} model={model} version={one} mayEdit={mayDeploy === true} /> },
    { key: 'job', title: t('models.madeBy'), cell: (one) => { const job = jobOf(one); return job ? <Link to={at(project, 'jobs', job.metadata.name)}>{job.metadata.name}</Link> : '—' } },
    { key: 'served', title: t('models.servedBy'), from: 'sm', cell: (one) => <ServedBy project={project} serving={serving(one)} coming={rolloutsOf(services, { name: model.name, version: one.version })} /> },
    { key: 'created', title: t('field.created'), sort: (one) => Number(one.creation_timestamp), cell: (one) => <Ago time={Number(one.creation_timestamp) || undefined} /> },
    {
      key: 'deploy', title: '', align: 'right',
      cell: (one) => mayDeploy && <Link to={`${at(project, 'services', 'new')}?model=${encodeURIComponent(`models:/${model.name}/${one.version}`)}`}>{t('models.deploy')}</Link>,
    },
  ]
  return <DataTable rows={versions} columns={columns} rowKey={(one) => one.version} order="version.desc" prefix="versions." empty={<Empty title={t('datasets.noVersion')} hint={t('models.noneHint')} />} />
}

/** The services that answer with a version, those that it is on its way into, and those that took it back. */
function ServedBy({ project, serving, coming }: { project: string; serving: InferenceService[]; coming: ReturnType<typeof rolloutsOf> }) {
  const t = useText()
  const link = (name: string) => <Link to={at(project, 'services', name)}>{name}</Link>
  const beginning = coming.filter(({ service }) => !serving.includes(service))
  return (
    <span className="row wrap" style={{ gap: '2px 10px' }}>
      {serving.map(({ metadata }) => <span key={metadata.name}>{link(metadata.name)}</span>)}
      {beginning.map(({ service: { metadata }, rollout }) => (
        <span key={metadata.name}>
          {link(metadata.name)} {rollout.state === 'RolledBack' ? <span className="tag tone-warning">{t('models.takenBack')}</span> : <span className="tag tone-accent numbers">{rollout.state === 'Starting' ? t('models.starting') : t('models.comingIn', { share: percent(rollout.percent / 100) })}</span>}
        </span>
      ))}
    </span>
  )
}

const ALIAS = /^[A-Za-z0-9_.-]+$/

function Aliases({ project, model, version, mayEdit }: { project: string; model: RegisteredModel; version: ModelVersion; mayEdit: boolean }) {
  const t = useText()
  const client = useQueryClient()
  const { act } = useAct()
  const [open, setOpen] = useState(false)
  const change = async (work: () => Promise<unknown>) => {
    if (await act(work)) setOpen(false)
    await client.invalidateQueries({ queryKey: ['mlflow', project] })
  }
  const add = (alias: string) => {
    if (ALIAS.test(alias)) void change(() => setAlias(project, model.name, alias, version.version))
  }
  return (
    <span className="row wrap" style={{ gap: 6 }}>
      {aliasesOf(model, version).map((alias) => (
        <span className="tag tone-accelerator" key={alias}>
          @{alias}
          {mayEdit && (
            <button type="button" aria-label={t('models.dropAlias', { alias })} onClick={() => void change(() => dropAlias(project, model.name, alias))}
              style={{ border: 0, background: 'none', color: 'inherit', cursor: 'pointer', padding: '0 0 0 5px' }}>×</button>
          )}
        </span>
      ))}
      {mayEdit && (
        <Popover open={open} onOpenChange={setOpen} trigger="click" content={
          <Input.Search autoFocus enterButton={t('action.save')} placeholder="champion" aria-label={t('models.newAlias')} onSearch={add} style={{ width: 240 }} />
        }>
          <Button type="text" size="small" aria-label={t('models.newAlias')} className="muted">+</Button>
        </Popover>
      )}
    </span>
  )
}
