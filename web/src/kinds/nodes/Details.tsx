import { Link, useParams } from 'react-router'
import { NODES, PODS } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { useList, useOne } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Facts } from '../../components/Facts'
import { PageHead } from '../../components/PageHead'
import { Empty, Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes, quantity } from '../../i18n/format'
import { Conditions } from '../../objects/Conditions'
import { Gone } from '../../objects/Gone'
import { podState } from '../../objects/pods'
import { reasonWords } from '../../objects/reasons'

export function NodeDetails() {
  const t = useText()
  const { name = '' } = useParams()
  const { data: node, error, missing, refetch } = useOne(NODES, undefined, name)
  const pods = useList(PODS, { live: 5000 })
  if (missing) return <Gone name={name} back="/nodes" label={t('nav.nodes')} />
  if (!node) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const ready = node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  const info = node.status?.nodeInfo ?? {}
  const here = pods.data?.filter((pod) => pod.spec?.nodeName === name)
  const columns: Column<Pod>[] = [
    { key: 'name', title: t('field.name'), sort: (pod) => pod.metadata.name, cell: (pod) => <span className="mono">{pod.metadata.name}</span> },
    { key: 'project', title: t('frame.project'), sort: (pod) => pod.metadata.namespace, cell: (pod) => pod.metadata.namespace },
    { key: 'status', title: t('field.status'), cell: (pod) => { const state = podState(pod); return <Status tone={state.tone} label={reasonWords(t, state.word)} /> } },
    { key: 'age', title: t('field.created'), sort: (pod) => pod.metadata.creationTimestamp, cell: (pod) => <Ago time={pod.metadata.creationTimestamp} /> },
    { key: 'go', title: '', align: 'right', cell: (pod) => <Link to={`${at(pod.metadata.namespace ?? '', 'logs')}?pod=${encodeURIComponent(pod.metadata.name)}`}>{t('action.logs')}</Link> },
  ]
  return (
    <>
      <PageHead title={name} crumb={<Link to="/nodes">{t('nav.nodes')}</Link>} status={<Status tag tone={ready ? 'success' : 'error'} label={ready ? t('ready.yes') : t('ready.no')} />} />
      <div className="grid">
        <Card className="span-8" title={t('condition.title')}><Conditions of={node.status?.conditions} /></Card>
        <Card className="span-4" title={t('machines.capacity')}>
          <Facts right of={[
            ...Object.entries(node.status?.capacity ?? {}).map(([key, value]): [string, string] => [key, /memory|storage/.test(key) ? bytes(quantity(value)) : value]),
            [t('machines.system'), info.osImage], [t('machines.kernel'), info.kernelVersion], [t('machines.agent'), info.kubeletVersion],
            [t('machines.runtime'), info.containerRuntimeVersion], [t('machines.address'), node.status?.addresses?.[0]?.address],
          ]} />
        </Card>
        <Card className="span-12" title={t('machines.pods')}>
          <DataTable rows={here} error={pods.error} retry={pods.refetch} columns={columns} rowKey={(pod) => `${pod.metadata.namespace}/${pod.metadata.name}`} text={(pod) => `${pod.metadata.namespace} ${pod.metadata.name}`} empty={<Empty title={t('pod.none')} />} />
        </Card>
      </div>
    </>
  )
}
