import { DeleteOutlined } from '@ant-design/icons'
import { Button, Form, Input, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import { removePrices, writePrices, type PriceList } from '../../api/ledger'
import { ApiError } from '../../api/http'
import { Danger } from '../../components/Danger'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'

const BLANK = { cpuHour: 0, memoryGiBHour: 0, accelerators: [] }
const CURRENCY = /^[A-Z]{3}$/
const DAY = /^\d{4}-\d{2}-\d{2}$/

interface Props {
  list: PriceList | undefined
  /** There is one, usable or not. */
  exists: boolean
  done: () => void
  close: () => void
}

/** The price list as a form; the server checks it again and names the field. */
export function PriceForm({ list, exists, done, close }: Props) {
  const t = useText()
  const [form] = Form.useForm<PriceList>()
  const { busy, act } = useAct()
  const [refused, refuse] = useState<ApiError>()
  const save = async (fields: PriceList) => {
    refuse(undefined)
    let wrong: ApiError | undefined
    const saved = await act(async () => {
      await writePrices(tidy(fields)).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 400) wrong = error
        throw error
      })
    }, t('prices.saved'))
    // What is wrong stays to be read beside the fields.
    refuse(wrong)
    if (!saved) return
    close()
    done()
  }
  const drop = async () => {
    await removePrices()
    close()
    done()
  }
  return (
    <Modal open width={640} onCancel={close} title={t('prices.title')} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()}
      footer={(buttons) => <div className="row" style={{ justifyContent: 'flex-end' }}>{exists && <span style={{ marginInlineEnd: 'auto' }}><Danger label={t('prices.remove')} question={t('prices.removeAsk')} consequence={t('prices.removeWhat')} act={drop} /></span>}{buttons}</div>}>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={list ?? { currency: 'CNY', prices: [BLANK] }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
        {refused && <div className="gap-below"><Notice tone="error"><span className="mono">{refused.causes[0]?.field}</span><ErrorWords error={refused} /></Notice></div>}
        <Form.Item name="currency" label={t('prices.currency')} extra={t('prices.currencyHint')} rules={[{ pattern: CURRENCY, required: true, message: t('prices.currencyHint') }]}>
          <Input style={{ width: 120 }} maxLength={3} />
        </Form.Item>
        <Form.List name="prices">
          {(periods, { add, remove }) => (
            <>
              {periods.map(({ key, name }) => (
                <fieldset key={key} className="price-period">
                  <legend className="strong">{t('prices.period', { number: name + 1 })}</legend>
                  <div className="row wrap" style={{ alignItems: 'flex-start', gap: '0 14px' }}>
                    <Form.Item name={[name, 'from']} label={t('prices.from')} extra={name === 0 ? t('prices.fromHint') : undefined} rules={[{ pattern: DAY, required: name > 0, message: '2026-01-31' }]}>
                      <Input style={{ width: 150 }} placeholder="2026-01-31" />
                    </Form.Item>
                    <Price name={[name, 'cpuHour']} label={t('prices.cpu')} />
                    <Price name={[name, 'memoryGiBHour']} label={t('prices.memory')} />
                    {periods.length > 1 && <Button type="text" className="price-drop" icon={<DeleteOutlined />} aria-label={t('prices.drop')} onClick={() => remove(name)} />}
                  </div>
                  <Accelerators period={name} />
                </fieldset>
              ))}
              <Button type="dashed" onClick={() => add(BLANK)}>{t('prices.addPeriod')}</Button>
            </>
          )}
        </Form.List>
      </Form>
    </Modal>
  )
}

function Price({ name, label }: { name: (string | number)[]; label: string }) {
  const t = useText()
  return (
    <Form.Item name={name} label={label} rules={[{ required: true, message: t('form.required') }]}>
      <InputNumber min={0} max={1e9} style={{ width: 120 }} />
    </Form.Item>
  )
}

function Accelerators({ period }: { period: number }) {
  const t = useText()
  return (
    <Form.List name={[period, 'accelerators']}>
      {(rows, { add, remove }) => (
        <>
          {rows.map(({ key, name }) => (
            <div key={key} className="row wrap" style={{ alignItems: 'flex-start', gap: '0 14px' }}>
              <Form.Item name={[name, 'resource']} label={t('prices.resource')} rules={[{ required: true, message: t('form.required') }]}><Input style={{ width: 170 }} placeholder="nvidia.com/gpu" /></Form.Item>
              <Form.Item name={[name, 'model']} label={t('prices.model')}><Input style={{ width: 170 }} /></Form.Item>
              <Price name={[name, 'hour']} label={t('prices.accelerators')} />
              <Button type="text" className="price-drop" icon={<DeleteOutlined />} aria-label={t('prices.drop')} onClick={() => remove(name)} />
            </div>
          ))}
          <Button size="small" type="link" style={{ paddingInline: 0 }} onClick={() => add({ resource: 'nvidia.com/gpu' })}>{t('prices.addAccelerator')}</Button>
        </>
      )}
    </Form.List>
  )
}

/** Fields that were emptied are left out. */
function tidy({ currency, prices }: PriceList): PriceList {
  return {
    currency,
    prices: prices.map(({ from, accelerators, ...own }) => ({
      ...own,
      ...(from && { from }),
      accelerators: (accelerators ?? []).map(({ model, ...rest }) => ({ ...rest, ...(model && { model }) })),
    })),
  }
}
