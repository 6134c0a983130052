import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { putSilence, silences, type Matcher } from '../../api/alertmanager'
import type { Labels } from '../../api/prom'
import { useAct } from '../../components/useAct'
import { useFrame } from '../../frame/context'
import { useText, type MessageKey, type Translate } from '../../i18n'
import { matchersOf, type Alert } from './alert'

const HOURS = [1, 2, 8, 24, 72, 168]
const OPERATORS: [string, MessageKey, Pick<Matcher, 'isRegex' | 'isEqual'>][] = [
  ['=', 'silences.equal', { isRegex: false, isEqual: true }],
  ['!=', 'silences.notEqual', { isRegex: false, isEqual: false }],
  ['=~', 'silences.like', { isRegex: true, isEqual: true }],
  ['!~', 'silences.notLike', { isRegex: true, isEqual: false }],
]
const operator = ({ isRegex, isEqual = true }: Matcher) => `${isEqual ? (isRegex ? '=' : '') : '!'}${isRegex ? '~' : '='}`
const lasting = (t: Translate, hours: number) => (hours < 24 ? t('silences.hours', { n: hours }) : t('silences.days', { n: hours / 24 }))

function fromNow(hours: number): { startsAt: string; endsAt: string } {
  const now = Date.now()
  return { startsAt: new Date(now).toISOString(), endsAt: new Date(now + hours * 3_600_000).toISOString() }
}

interface Props {
  /** Labels that the silence asks for at first. */
  of: Labels
  alerts: Alert[]
  close: () => void
}

/** Keeps notifications back for a while; says what of now it would touch. */
export function SilenceForm({ of, alerts, close }: Props) {
  const t = useText()
  const client = useQueryClient()
  const { session } = useFrame()
  const { busy, act } = useAct()
  const [matchers, setMatchers] = useState<Matcher[]>(() => (Object.keys(of).length ? matchersOf(of) : [{ name: 'alertname', value: '', isRegex: false, isEqual: true }]))
  const [hours, setHours] = useState(2)
  const [comment, setComment] = useState('')
  const change = (place: number, part: Partial<Matcher>) => setMatchers(matchers.map((one, index) => (index === place ? { ...one, ...part } : one)))
  const usable = matchers.filter(({ name, value, isEqual = true }) => name && (value || !isEqual))
  const valid = usable.some(({ value, isEqual = true }) => value && isEqual)
  const quiet = alerts.filter(({ labels }) => silences(usable, labels)).length
  const save = async () => {
    const done = await act(() => putSilence({ matchers: usable, createdBy: session.user, comment, ...fromNow(hours) }), t('silences.made'))
    if (!done) return
    await client.invalidateQueries({ queryKey: ['alertmanager'] })
    close()
  }
  return (
    <Modal open title={t('silences.new')} onCancel={close} onOk={() => void save()} okText={t('silences.make')} cancelText={t('action.cancel')} width={640} okButtonProps={{ disabled: !valid, loading: busy }}>
      <div className="stack tight" role="group" aria-label={t('silences.matchers')}>
        {matchers.map((matcher, index) => (
          // Rows have no other identity than their place.
          // oxlint-disable-next-line react/no-array-index-key
          <div className="matcher" key={index}>
            <Input className="mono" value={matcher.name} placeholder={t('silences.name')} aria-label={t('silences.name')} onChange={(event) => change(index, { name: event.target.value.trim() })} />
            <Select value={operator(matcher)} aria-label={t('silences.operator')} popupMatchSelectWidth={false} options={OPERATORS.map(([value, label]) => ({ value, label: t(label) }))}
              onChange={(chosen) => change(index, OPERATORS.find(([value]) => value === chosen)?.[2] ?? {})} />
            <Input className="mono" value={matcher.value} placeholder={t('silences.value')} aria-label={t('silences.value')} onChange={(event) => change(index, { value: event.target.value })} />
            <Button type="text" icon={<CloseOutlined />} aria-label={t('silences.drop', { name: matcher.name })} disabled={matchers.length === 1} onClick={() => setMatchers(matchers.filter((_one, place) => place !== index))} />
          </div>
        ))}
        <div><Button size="small" icon={<PlusOutlined />} onClick={() => setMatchers([...matchers, { name: '', value: '', isRegex: false, isEqual: true }])}>{t('silences.add')}</Button></div>
      </div>
      <Form layout="vertical" style={{ marginTop: 16 }}>
        <Form.Item label={t('silences.for')} htmlFor="silence-for"><Select id="silence-for" value={hours} onChange={setHours} style={{ width: 160 }} options={HOURS.map((value) => ({ value, label: lasting(t, value) }))} /></Form.Item>
        <Form.Item label={t('alerts.comment')} htmlFor="silence-comment"><Input.TextArea id="silence-comment" rows={2} value={comment} placeholder={t('silences.commentHint')} onChange={(event) => setComment(event.target.value)} /></Form.Item>
      </Form>
      <p className="muted" role="status">{!valid ? t('silences.noMatcher') : quiet ? t('silences.covers', { count: quiet }) : t('silences.coversNone')}</p>
    </Modal>
  )
}
