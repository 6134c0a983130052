import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input } from 'antd'
import { useEffect, useState } from 'react'
import { useNavigate } from 'react-router'
import { SESSION_KEY, signIn } from '../../api/session'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { Language } from '../../frame/Language'
import { Mark } from '../../frame/Mark'
import { useText } from '../../i18n'

interface Fields {
  user: string
  password: string
}

/** Where `next` or the wanted address is, if it is on this origin. */
function destination(wanted: string): string {
  const next = new URLSearchParams(wanted.split('?')[1]).get('next')
  const to = next ?? wanted
  return to.startsWith('/') && !to.startsWith('//') && !to.startsWith('/sign-in') ? to : '/'
}

export function SignIn({ wanted }: { wanted: string }) {
  const t = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  useEffect(() => {
    document.title = `${t('signin.title')} · dais`
  }, [t])
  const submit = async ({ user, password }: Fields) => {
    setBusy(true)
    setError(null)
    try {
      await signIn(user, password)
      void navigate(destination(wanted), { replace: true })
      await client.refetchQueries({ queryKey: SESSION_KEY })
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  return (
    <main className="signin">
      <div className="card">
        <div className="row" style={{ marginBottom: 6, gap: 12 }}>
          <Mark size={34} />
          <h1 style={{ fontSize: 22 }}>{t('signin.title')}</h1>
        </div>
        <p className="muted" style={{ marginBottom: 22 }}>{t('signin.hint')}</p>
        {!error && new URLSearchParams(wanted.split('?')[1]).get('link') === 'spent' && (
          <div style={{ marginBottom: 16 }}><Notice tone="warning" title={t('signin.spent')}>{t('signin.spentHint')}</Notice></div>
        )}
        {error && <div style={{ marginBottom: 16 }}><Notice tone="error"><ErrorWords error={error} /></Notice></div>}
        <Form<Fields> layout="vertical" requiredMark={false} onFinish={(fields) => void submit(fields)}>
          <Form.Item name="user" label={t('signin.user')} rules={[{ required: true, message: t('form.required') }]}>
            <Input autoComplete="username" autoFocus size="large" />
          </Form.Item>
          <Form.Item name="password" label={t('signin.password')} rules={[{ required: true, message: t('form.required') }]}>
            <Input.Password autoComplete="current-password" size="large" />
          </Form.Item>
          <Button type="primary" htmlType="submit" block size="large" loading={busy}>{t('signin.submit')}</Button>
        </Form>
        <div className="signin-foot small muted">
          <span>{t('signin.link')}</span>
          <Language />
        </div>
      </div>
    </main>
  )
}
