import { App, Button, type ButtonProps } from 'antd'
import type { ReactNode } from 'react'
import { useText } from '../i18n'
import { ErrorWords } from './States'

interface Props extends Pick<ButtonProps, 'size' | 'type'> {
  label: string
  question: string
  consequence: ReactNode
  act: () => Promise<unknown>
}

/** A button for what cannot be undone: asks, acts, says what went wrong. */
export function Danger({ label, question, consequence, act, ...rest }: Props) {
  const { modal } = App.useApp()
  const t = useText()
  const ask = () =>
    modal.confirm({
      title: question,
      content: consequence,
      okText: label,
      cancelText: t('action.cancel'),
      okButtonProps: { danger: true },
      icon: null,
      onOk: async () => {
        try {
          await act()
        } catch (error) {
          modal.error({ title: t('state.failed'), content: <ErrorWords error={error as Error} />, icon: null })
        }
      },
    })
  return <Button {...rest} onClick={ask}>{label}</Button>
}
