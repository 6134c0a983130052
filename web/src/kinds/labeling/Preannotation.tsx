import { Button, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import type { LabelingProject } from '../../api/generated'
import { INFERENCE_SERVICES, LABELING_PROJECTS } from '../../api/kinds'
import { merge } from '../../api/kube'
import { predictAgain } from '../../api/labeling'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { UsageBar } from '../../components/UsageBar'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { reasonWords } from '../../objects/reasons'

const LOOK_MS = 10_000

/** The model that is asked about tasks first: which, how far it is; stop and again for those who may. */
export function Preannotation({ project, work, may }: { project: string; work: LabelingProject; may: boolean }) {
  const t = useText()
  const { busy, act } = useAct()
  const wanted = work.spec.preannotation
  const set = (preannotation: { service: string } | { suspend: boolean } | null) => act(() => merge(LABELING_PROJECTS, project, work.metadata.name, { spec: { preannotation } }))
  if (!wanted) return <Card className="span-4" title={t('labeling.preannotation')}><Begin project={project} busy={busy} begin={(service) => void set({ service })} /></Card>
  const { predicted = 0, waiting = 0, failed = 0 } = work.status?.preannotation ?? {}
  const all = predicted + waiting + failed
  const said = work.status?.conditions?.find(({ type }) => type === 'Preannotated')
  const again = () => act(() => predictAgain(project, work.metadata.name), t('labeling.askedAgain'))
  return (
    <Card className="span-4" title={t('labeling.preannotation')} extra={<Link to={at(project, 'services', wanted.service)}>{wanted.service}</Link>}>
      <div className="stack tight">
        <UsageBar ratio={all > 0 ? predicted / all : 0} label={t('labeling.predicted')} />
        <Facts of={[[t('labeling.predicted'), number(predicted, 0)], [t('labeling.toAsk'), number(waiting, 0)], [t('labeling.givenUp'), number(failed, 0)]]} />
        {said && <div className="small" role="status"><div>{reasonWords(t, said.reason)}</div><div className="muted anywhere" translate="no">{said.message}</div></div>}
        {may && (
          <div className="row wrap">
            <Button disabled={busy} onClick={() => void set({ suspend: !wanted.suspend })}>{t(wanted.suspend ? 'jobs.resume' : 'jobs.suspend')}</Button>
            {all > predicted && !wanted.suspend && <Button disabled={busy} onClick={() => void again()}>{t('labeling.askAgain')}</Button>}
            <Button disabled={busy} onClick={() => void set(null)}>{t('labeling.endPreannotation')}</Button>
          </div>
        )}
      </div>
    </Card>
  )
}

function Begin({ project, busy, begin }: { project: string; busy: boolean; begin: (service: string) => void }) {
  const t = useText()
  const [service, choose] = useState<string>()
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: LOOK_MS })
  const options = services.data?.map(({ metadata: { name } }) => ({ value: name, label: name })) ?? []
  return (
    <div className="stack tight">
      <p className="muted small">{t('labeling.preannotationHint')}</p>
      <Select aria-label={t('labeling.service')} placeholder={t('labeling.service')} value={service} onChange={choose} options={options} showSearch={{ optionFilterProp: 'label' }} style={{ width: '100%' }} />
      <div><Button disabled={!service || busy} onClick={() => service && begin(service)}>{t('labeling.preannotate')}</Button></div>
    </div>
  )
}
