import type { ABTest } from '../../api/generated'
import { useInfo } from '../../api/session'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { endpoint, feedbackExample, feedbackOf, requestExample } from './address'
import { terminalLines } from './command'

/** Where the test answers, and how it is told what came of an answer. */
export function Address({ test }: { test: ABTest }) {
  const t = useText()
  const project = useProject()
  const info = useInfo()
  const url = endpoint(test, project, info.data?.gateway)
  const metric = feedbackOf(test)
  return (
    <Card className="span-6" title={t('services.endpoint')}>
      <div className="stack tight">
        <Code text={url} label={t('services.endpoint')} />
        <p className="muted small">{test.spec.route ? t('abtests.addressToo', { route: test.spec.route }) : t('abtests.addressHint')}</p>
        <Code text={requestExample(test, url)} wrap label={t('services.example')} />
        {metric && <p className="muted small">{t('abtests.feedbackHint')}</p>}
        {metric && <Code text={feedbackExample(metric, project, location.origin)} wrap label={t('abtests.feedbackExample')} />}
        <p className="muted small">{t('abtests.terminal')}</p>
        <Code text={terminalLines(test).join('\n')} wrap label={t('abtests.command')} />
      </div>
    </Card>
  )
}
