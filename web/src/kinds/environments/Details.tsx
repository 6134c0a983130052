import { Button } from 'antd'
import { useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Environment } from '../../api/generated'
import { CREATED_BY, ENVIRONMENTS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useOne } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { CopyButton } from '../../components/Code'
import { Danger } from '../../components/Danger'
import { DataTable, type Column } from '../../components/DataTable'
import { Facts } from '../../components/Facts'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'
import { Conditions } from '../../objects/Conditions'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { usePods } from '../../objects/pods'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { useTab } from '../../objects/useTab'
import { Licences } from './Licences'
import { lockOf, save } from './lock'
import { Vulnerabilities } from './Vulnerabilities'

export function EnvironmentDetails() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { name, tab, open } = useTab('environments')
  const { data, error, missing, refetch } = useOne(ENVIRONMENTS, project, name)
  const mayDelete = useCan('delete', ENVIRONMENTS, project)
  const pods = usePods(project, ENVIRONMENTS.kind, name)
  if (missing) return <Gone name={name} back={at(project, 'environments')} label={t('nav.environments')} />
  if (!data) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const state = readiness(data.status?.conditions)
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} />}
        facts={[data.status?.pythonVersion && `Python ${data.status.pythonVersion}`, data.status?.packages && t('environments.packageCount', { count: data.status.packages.length })]}
        actions={mayDelete && (
          <Danger label={t('action.delete')} question={t('environments.deleteAsk', { name })} consequence={<Consequences kind="Environment" />}
            act={async () => { await remove(ENVIRONMENTS, project, name); void navigate(at(project, 'environments')) }} />
        )} />
      {state.tone !== 'success' && state.reason && (
        <div style={{ marginBottom: 12 }}><Notice tone={state.tone} title={reasonWords(t, state.reason)}>{state.message}</Notice></div>
      )}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview environment={data} /> },
        { key: 'vulnerabilities', label: t('tab.vulnerabilities'), children: <Vulnerabilities environment={data} /> },
        { key: 'logs', label: t('environments.buildLogs'), children: <Card><ObjectLogs project={project} app={name} pods={podNames} from={data.metadata.creationTimestamp} running={state.busy} /></Card> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={podNames} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="environments" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={data} /> },
      ]} />
    </>
  )
}

type Package = NonNullable<NonNullable<Environment['status']>['packages']>[number]

function Overview({ environment }: { environment: Environment }) {
  const t = useText()
  const { metadata, spec, status } = environment
  const columns: Column<Package>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <span className="mono">{one.name}</span> },
    { key: 'version', title: t('environments.version'), align: 'right', sort: (one) => one.version, cell: (one) => <span className="mono">{one.version}</span> },
    { key: 'licence', title: t('environments.licence'), from: 'sm', sort: (one) => one.licence, cell: (one) => <span className="anywhere">{one.licence ?? '—'}</span> },
    { key: 'file', title: t('environments.file'), from: 'xl', cell: (one) => (one.sha256 ? <span className="row" style={{ gap: 2 }}><span className="mono">{one.sha256.slice(0, 12)}</span><CopyButton text={one.sha256} /></span> : '—') },
  ]
  return (
    <div className="grid">
      <Card className="span-7" title={t('environments.packages')} extra={status?.packages && <Button size="small" type="link" onClick={() => save(`${metadata.name}.txt`, lockOf(status.packages ?? []))}>{t('environments.lock')}</Button>}>
        <DataTable rows={status?.packages ?? []} columns={columns} rowKey={(one) => one.name} text={(one) => `${one.name} ${one.licence ?? ''}`} order="name"
          empty={<Empty title={t('environments.noPackages')} />} />
      </Card>
      <div className="span-5 stack">
        <Card title={t('jobs.about')}>
          <Facts of={[
            [t('environments.python'), spec.python?.version ?? (spec.python ? t('environments.anyPython') : '')],
            [t('environments.image'), spec.image],
            [t('environments.requirements'), spec.python?.requirements?.map((one) => <div className="mono" key={one}>{one}</div>)],
            [t('datasets.size'), status?.sizeBytes && bytes(status.sizeBytes)],
            [t('environments.digest'), status?.digest && <span key="digest" className="row" style={{ gap: 2 }}><span className="mono">{status.digest.replace('sha256:', '').slice(0, 16)}</span><CopyButton text={status.digest} /></span>],
            [t('environments.contentDigest'), status?.contentDigest && <span key="content" className="row" style={{ gap: 2 }}><span className="mono">{status.contentDigest.slice(0, 16)}</span><CopyButton text={status.contentDigest} /></span>],
            [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
            [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
          ]} />
        </Card>
        {status?.packages && <Licences packages={status.packages} />}
        <Card title={t('condition.title')}><Conditions of={status?.conditions} /></Card>
      </div>
    </div>
  )
}
