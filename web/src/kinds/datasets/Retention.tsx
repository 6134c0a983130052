import { useQueryClient } from '@tanstack/react-query'
import { Button, InputNumber, Switch } from 'antd'
import { useState } from 'react'
import { useCan } from '../../api/access'
import type { Dataset } from '../../api/generated'
import { DATASETS } from '../../api/kinds'
import { applyRetention, endStanding, leaveStanding, planRetention, standingKey, useStanding, versionsKey, type Plan, type Rule, type Standing } from '../../api/versions'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Notice } from '../../components/Notice'
import { Await, ErrorWords } from '../../components/States'
import { useText, type Translate } from '../../i18n'
import { PlanView } from './PlanView'

interface Props {
  dataset: Dataset
  project: string
}

const ruleWords = (t: Translate, { keepLast, keepTagged }: Rule) => `${t('retention.keepsLast', { count: keepLast })}${keepTagged ? ` ${t('retention.andTagged')}` : ''}`

/** Which old versions go: by hand, after a look at the plan, or each day. */
export function Retention({ dataset, project }: Props) {
  const t = useText()
  const { name } = dataset.metadata
  const standing = useStanding(project, name)
  const mayEdit = useCan('update', DATASETS, project)
  const empty = !dataset.status?.latest
  return (
    <Await of={standing} rows={4}>
      {(known) => (
        <div className="grid">
          <Card className="span-4" title={t('retention.standing')}><Stands standing={known} project={project} dataset={name} mayEdit={mayEdit === true} /></Card>
          <Card className="span-8" title={t('retention.rule')}>
            {mayEdit === false ? <p className="muted">{t('retention.reader')}</p> : empty ? <p className="muted">{t('datasets.noVersion')}</p> : <Planner key={known?.setAt ?? ''} project={project} dataset={name} begin={known?.rule} />}
          </Card>
        </div>
      )}
    </Await>
  )
}

function Stands({ standing, project, dataset, mayEdit }: { standing: Standing | null; project: string; dataset: string; mayEdit: boolean }) {
  const t = useText()
  const client = useQueryClient()
  if (!standing) return <p className="muted">{t('retention.none')}</p>
  const end = async () => { await endStanding(project, dataset); await client.invalidateQueries({ queryKey: standingKey(project, dataset) }) }
  return (
    <div className="stack tight">
      <p className="strong">{ruleWords(t, standing.rule)}</p>
      <p className="muted">{t('retention.daily')}</p>
      <p className="muted small">{t('retention.setBy', { person: standing.setBy })} <Ago time={standing.setAt} /></p>
      {mayEdit && <div><Danger size="small" label={t('retention.end')} question={t('retention.endAsk')} consequence={t('retention.endWhat')} act={end} /></div>}
    </div>
  )
}

const FIRST: Rule = { keepLast: 5, keepTagged: true }

function Planner({ project, dataset, begin }: { project: string; dataset: string; begin: Rule | undefined }) {
  const t = useText()
  const client = useQueryClient()
  const [rule, setRule] = useState(begin ?? FIRST)
  const [plan, setPlan] = useState<Plan | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const change = (changed: Partial<Rule>) => { setRule({ ...rule, ...changed }); setPlan(null); setError(null) }
  const look = async () => {
    setBusy(true)
    setError(null)
    try {
      setPlan(await planRetention(project, dataset, rule))
    } catch (cause) {
      setError(cause as Error)
      setPlan(null)
    } finally {
      setBusy(false)
    }
  }
  const done = async () => {
    setPlan(null)
    await Promise.all([versionsKey, standingKey].map((key) => client.invalidateQueries({ queryKey: key(project, dataset) })))
    await client.invalidateQueries({ queryKey: ['kube'] })
  }
  return (
    <div className="stack tight">
      <p className="muted">{t('retention.hint')}</p>
      <form className="row wrap" style={{ gap: '8px 20px' }} onSubmit={(event) => { event.preventDefault(); void look() }}>
        <label className="row">{t('retention.keepLast')}<InputNumber aria-label={t('retention.keepLast')} min={1} max={100_000} precision={0} value={rule.keepLast} onChange={(value) => change({ keepLast: value ?? 1 })} style={{ width: 84 }} /></label>
        <label className="row"><Switch aria-label={t('retention.keepTagged')} checked={rule.keepTagged} onChange={(keepTagged) => change({ keepTagged })} />{t('retention.keepTagged')}</label>
        <Button htmlType="submit" type={plan ? 'default' : 'primary'} loading={busy}>{t('retention.plan')}</Button>
      </form>
      {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      {plan && (
        <>
          <PlanView plan={plan} />
          <div className="row wrap">
            {plan.remove.length > 0 && (
              <Danger label={t('retention.once', { count: plan.remove.length })} question={t('retention.onceAsk', { count: plan.remove.length })} consequence={t('retention.onceWhat', { names: plan.remove.map((one) => one.name).join(', ') })}
                act={async () => { await applyRetention(project, dataset, plan); await done() }} />
            )}
            <Danger label={t('retention.leave')} question={t('retention.leaveAsk')} consequence={<>{ruleWords(t, plan.rule)}. {t('retention.daily')}</>}
              act={async () => { await leaveStanding(project, dataset, plan); await done() }} />
          </div>
        </>
      )}
    </div>
  )
}
