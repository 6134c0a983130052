import { CheckOutlined, CopyOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useText } from '../i18n'

interface Props {
  text: string
  children?: ReactNode
  wrap?: boolean
  label: string
}

/** Text to read or to copy. */
export function Code({ text, children, wrap = false, label }: Props) {
  return (
    <div className="code">
      <pre className={wrap ? 'soft' : ''} tabIndex={0} aria-label={label}>{children ?? text}</pre>
      <span className="copy">
        <CopyButton text={text} />
      </span>
    </div>
  )
}

export function CopyButton({ text }: { text: string }) {
  const t = useText()
  const [done, setDone] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), 1500)
  }
  return (
    <Button
      size="small" type="text" aria-label={done ? t('action.copied') : t('action.copy')} title={t('action.copy')}
      icon={done ? <CheckOutlined /> : <CopyOutlined />} onClick={() => void copy()}
    />
  )
}
