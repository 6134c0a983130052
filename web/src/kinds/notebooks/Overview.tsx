import { Link } from 'react-router'
import type { Notebook } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import type { Listed } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Facts } from '../../components/Facts'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Conditions } from '../../objects/Conditions'
import { PodTable } from '../../objects/PodTable'
import { idleWords } from './words'

const TRACKING = ['import mlflow', 'mlflow.log_metric("accuracy", 0.97)'].join('\n')
const COMMANDS = ['dais run -- train.ipynb', 'dais get datasets'].join('\n')

interface Props {
  notebook: Notebook
  project: string
  pods: Listed<Pod>
}

export function Overview({ notebook, project, pods }: Props) {
  const t = useText()
  const { metadata, spec, status } = notebook
  const limits = spec.resources?.limits ?? {}
  return (
    <div className="grid">
      <Card className="span-6" title={t('jobs.about')}>
        <Facts of={[
          [t('notebook.environment'), status?.environment ? <Link key="environment" to={at(project, 'environments', status.environment)}>{status.environment}</Link> : (spec.environment ?? t('notebook.ownEnvironment'))],
          [t('notebook.requirements'), spec.requirements?.map((one) => <div className="mono" key={one}>{one}</div>)],
          [t('nav.datasets'), spec.datasets?.map(({ name, mountPath }) => <div key={name}><Link to={at(project, 'datasets', name)}>{name}{status?.datasets?.[name] ? `@${status.datasets[name]}` : ''}</Link> <span className="mono muted">{mountPath ?? `/data/${name}`}</span></div>)],
          [t('notebook.storage'), String(spec.storage?.size ?? '10Gi')],
          [t('jobs.resources'), Object.entries(limits).map(([resource, much]) => <div className="mono" key={resource}>{resource} {String(much)}</div>)],
          [t('notebook.kernels'), t('notebook.kernelsOf', { running: status?.kernels ?? 0, busy: status?.busyKernels ?? 0 })],
          [t('notebook.activity'), status?.lastActivity && <Ago key="activity" time={status.lastActivity} />],
          [t('notebook.idle'), idleWords(t, notebook)],
          [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
          [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
        ]} />
      </Card>
      <div className="span-6 stack">
        <Card title={t('notebook.inside')}>
          <div className="stack tight">
            <p className="muted small">{t('notebook.insideTracking')}</p>
            <Code text={TRACKING} label="mlflow" />
            <p className="muted small">{t('notebook.insideCommand')}</p>
            <Code text={COMMANDS} label="dais" />
          </div>
        </Card>
        <Card title={t('condition.title')}><Conditions of={status?.conditions} /></Card>
      </div>
      <Card className="span-12" title={t('services.replicas')}><PodTable pods={pods} /></Card>
    </div>
  )
}
