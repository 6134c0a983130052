import { AutoComplete, Checkbox, Form, Input, InputNumber, Segmented, Select } from 'antd'
import { useText } from '../../i18n'
import { REFERENCE, useReferences } from '../services/useReferences'
import { ABSENT } from './arms'
import { useLength } from './AudienceFields'
import { mayDecide, type TestDraft } from './draft'
import { useServiceOptions } from './VariantFields'

const WIDE = { width: '100%' }

interface NumberProps {
  name: keyof TestDraft
  label: string
  hint?: string
  absent?: number
  max: number
  min?: number
  suffix?: string
}

function Amount({ name, label, hint, absent, min = 1, max, suffix }: NumberProps) {
  return (
    <Form.Item className="span-4" name={name} label={label} {...(hint && { extra: hint })}>
      <InputNumber min={min} max={max} style={WIDE} {...(suffix && { suffix })} {...(absent !== undefined && { placeholder: String(absent) })} />
    </Form.Item>
  )
}

/** How figures are judged. */
export function AnalysisFields() {
  const t = useText()
  const engine = Form.useWatch<TestDraft['engine'] | undefined>('engine') ?? 'frequentist'
  return (
    <>
      <Form.Item name="engine" extra={t(engine === 'bayesian' ? 'abtests.bayesianHint' : 'abtests.frequentistHint')}>
        <Segmented aria-label={t('abtests.engine')} options={[{ value: 'frequentist', label: t('abtests.frequentist') }, { value: 'bayesian', label: t('abtests.bayesian') }]} />
      </Form.Item>
      <div className="grid" style={{ rowGap: 0 }}>
        {engine === 'bayesian' && <Amount name="chanceToWin" label={t('abtests.chanceField')} hint={t('abtests.chanceHint')} absent={ABSENT.chanceToWin * 100} min={76} max={99.99} suffix="%" />}
        <Amount name="alpha" label={t('abtests.alpha')} hint={t('abtests.alphaHint')} absent={ABSENT.alpha * 100} min={0.01} max={40} suffix="%" />
        <Amount name="minSubjects" label={t('abtests.least')} hint={t('abtests.leastHint')} absent={ABSENT.minSubjects} min={2} max={1_000_000_000} />
        <Amount name="power" label={t('abtests.power')} hint={t('abtests.powerHint')} absent={ABSENT.power * 100} max={99.9} suffix="%" />
        {engine === 'frequentist' && <Amount name="tuning" label={t('abtests.tuning')} hint={t('abtests.tuningHint')} absent={ABSENT.tuning} max={1_000_000_000_000} />}
        <Form.Item className="span-4" name="window" label={t('abtests.window')} extra={t('abtests.windowHint')} rules={useLength()}><Input autoComplete="off" placeholder="7d" /></Form.Item>
      </div>
    </>
  )
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** What ends the test by itself. */
export function EndFields() {
  const t = useText()
  const engine = Form.useWatch<TestDraft['engine'] | undefined>('engine') ?? 'frequentist'
  const weights = Form.useWatch<TestDraft['weights'] | undefined>('weights') ?? 'fixed'
  const may = mayDecide({ engine, weights })
  return (
    <>
      <Form.Item name="decided" valuePropName="checked" {...(!may && { extra: t(engine === 'bayesian' ? 'abtests.notByChance' : 'abtests.notByBandit') })}><Checkbox disabled={!may}>{t('abtests.untilDecidedField')}</Checkbox></Form.Item>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="endTime" label={t('abtests.endTime')} extra={t('abtests.endTimeHint')} rules={[{ pattern: TIME, message: t('abtests.endTimeHint') }]}><Input className="mono" autoComplete="off" placeholder="2027-01-31T18:00:00+08:00" /></Form.Item>
        <Amount name="endSubjects" label={t('abtests.endSubjects')} max={1_000_000_000_000} />
        <Amount name="endRequests" label={t('abtests.endRequests')} max={1_000_000_000_000} />
      </div>
    </>
  )
}

/** Weights that stay, or that follow the metric. */
export function BanditFields() {
  const t = useText()
  const weights = Form.useWatch<TestDraft['weights'] | undefined>('weights') ?? 'fixed'
  const length = useLength()
  return (
    <>
      <Form.Item name="weights" extra={t(weights === 'fixed' ? 'abtests.fixedHint' : 'abtests.banditHint')}>
        <Segmented aria-label={t('abtests.bandit')} options={[{ value: 'fixed', label: t('abtests.fixed') }, { value: 'bandit', label: t('abtests.following') }]} />
      </Form.Item>
      {weights === 'bandit' && (
        <div className="grid" style={{ rowGap: 0 }}>
          <Form.Item className="span-4" name="every" label={t('abtests.every')} rules={length}><Input autoComplete="off" placeholder="1h" /></Form.Item>
          <Amount name="minPercent" label={t('abtests.minPercent')} absent={ABSENT.minPercent} min={0} max={50} suffix="%" />
          <Amount name="banditSubjects" label={t('abtests.banditSubjects')} absent={ABSENT.minSubjects} min={2} max={1_000_000_000} />
        </div>
      )}
    </>
  )
}

/** A model that gets copies. */
export function ShadowFields({ project }: { project: string }) {
  const t = useText()
  const shadow = Form.useWatch<TestDraft['shadow'] | undefined>('shadow') ?? 'nobody'
  const services = useServiceOptions(project)
  const references = useReferences(project)
  const required = { required: true, message: t('form.required') }
  return (
    <>
      <Form.Item name="shadow" extra={t('abtests.shadowHint')}>
        <Segmented aria-label={t('abtests.shadow')} options={[{ value: 'nobody', label: t('abtests.nobody') }, { value: 'service', label: t('abtests.aService') }, { value: 'model', label: t('abtests.aVersion') }]} />
      </Form.Item>
      {shadow !== 'nobody' && (
        <div className="grid" style={{ rowGap: 0 }}>
          {shadow === 'service' && <Form.Item className="span-6" name="shadowService" label={t('abtests.service')} rules={[required]}><Select showSearch options={services} placeholder={t('abtests.chooseService')} /></Form.Item>}
          {shadow === 'model' && <Form.Item className="span-6" name="shadowModel" label={t('jobs.model')} rules={[required, { pattern: REFERENCE, message: t('services.modelHint') }]}><AutoComplete options={references} placeholder="models:/digits/3" showSearch={{ filterOption: true }} /></Form.Item>}
          <Amount name="shadowPercent" label={t('abtests.copiedShare')} min={0} max={100} suffix="%" />
          <Amount name="tolerance" label={t('abtests.tolerance')} hint={t('abtests.toleranceHint')} min={0} max={1_000_000_000} />
          <Form.Item className="span-6" name="ignore" label={t('abtests.ignore')} extra={t('abtests.ignoreHint')}><Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ']} /></Form.Item>
        </div>
      )}
    </>
  )
}
