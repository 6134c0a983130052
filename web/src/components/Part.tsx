import { Form } from 'antd'
import type { ReactNode } from 'react'
import { useText, type MessageKey } from '../i18n'
import { Folded } from './Folded'

interface Props<Draft> {
  title: string
  /** What is chosen in it, for when it is folded. */
  said: (draft: Draft) => [MessageKey, string?]
  fields: (keyof Draft)[]
  /** Fields that the form found wrong, and those that the platform refused. */
  wrong: string[]
  refused: string[] | undefined
  children: ReactNode
}

/** A part of a form, folded, with what is chosen in it; open when something in it is wrong. */
export function Part<Draft extends object>({ title, said, fields, wrong, refused = [], children }: Props<Draft>) {
  const t = useText()
  const form = Form.useFormInstance<Draft>()
  const draft = Form.useWatch((values: Draft) => values, { form, preserve: true }) as Draft | undefined
  const [key, more] = said(draft ?? form.getFieldsValue(true) as Draft)
  const open = fields.some((one) => wrong.includes(String(one)) || refused.includes(String(one)))
  return <Folded title={title} said={<>{t(key)}{more && <> · {more}</>}</>} open={open}>{children}</Folded>
}
