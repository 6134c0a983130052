import { useQuery } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useEffect, useState } from 'react'
import { send } from '../../api/http'
import type { InferenceService } from '../../api/generated'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Empty, ErrorWords } from '../../components/States'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { DigitPad } from './DigitPad'
import { bodyOf, digitInput, outputsOf, type Metadata, type Output } from './inference'
import { Outputs } from './Outputs'
import { scaleOf } from './scale'

interface Answer {
  text: string
  outputs: Output[]
  seconds: number
}

/** One prediction, by hand: the request, the answer, how long it took. */
export function TryIt({ service, project }: { service: InferenceService; project: string }) {
  const t = useText()
  const path = `/api/predict/${encodeURIComponent(project)}/${encodeURIComponent(service.metadata.name)}`
  const metadata = useQuery({
    queryKey: ['predict', path], retry: false, staleTime: 60_000,
    queryFn: async ({ signal }) => (await (await send(path, { signal })).json()) as Metadata,
  })
  const [body, setBody] = useState('')
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (!metadata.isPending) setBody((before) => before || bodyOf(metadata.data))
  }, [metadata.isPending, metadata.data])
  const predict = async (request: string) => {
    setBusy(true)
    setError(null)
    const began = performance.now()
    try {
      const response = await send(path, { method: 'POST', body: request })
      const text = await response.text()
      setAnswer({ text: pretty(text), outputs: outputsOf(text), seconds: (performance.now() - began) / 1000 })
    } catch (cause) {
      setAnswer(null)
      setError(cause as Error)
    }
    setBusy(false)
  }
  const digits = digitInput(metadata.data)
  const draw = (pixels: number[]) => {
    const request = bodyOf(metadata.data, pixels)
    setBody(request)
    void predict(request)
  }
  return (
    <div className="try">
      <Card title={t('try.request')} extra={<span className="mono">POST {path}</span>}>
        <div className="stack">
          {metadata.isPending && scaleOf(service).asleep && <Notice tone="accent">{t('try.waking')}</Notice>}
          {digits && <DigitPad onDraw={draw} />}
          <Input.TextArea className="mono" aria-label={t('try.body')} spellCheck={false} autoSize={{ minRows: 6, maxRows: 22 }} value={body} onChange={(event) => setBody(event.target.value)} />
          <div className="row">
            <Button type="primary" loading={busy} onClick={() => void predict(body)}>{t('try.send')}</Button>
            <Button onClick={() => setBody(bodyOf(metadata.data))}>{t('try.reset')}</Button>
          </div>
        </div>
      </Card>
      <Card title={t('try.answer')} extra={answer && t('try.took', { time: duration(answer.seconds) })}>
        {error ? <Notice tone="error" title={t('try.refused')}><ErrorWords error={error} /></Notice>
          : answer ? <div className="stack"><Outputs of={answer.outputs} /><Code text={answer.text} wrap label={t('try.answer')} /></div>
          : <Empty title={t('try.nothing')} hint={t('try.nothingHint')} />}
      </Card>
    </div>
  )
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).replace(/\[\s+([^[\]{}]+?)\s+\]/g, (_all, inner: string) => `[${inner.replace(/\s+/g, ' ')}]`)
  } catch {
    return text
  }
}
