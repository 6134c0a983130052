import { DownloadOutlined } from '@ant-design/icons'
import { Button, Dropdown, Modal, Progress } from 'antd'
import { useRef, useState } from 'react'
import type { LogFilter, LogWindow } from '../../api/logs'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { dateTime, number } from '../../i18n/format'
import { collected, handOver, MOST_LINES, type Format } from './download'

interface Props {
  filter: LogFilter
  window: LogWindow
  total: number
}

interface Work {
  done: number
  total: number
  error?: Error
}

/** The lines of a search as a file. */
export function Download({ filter, window, total }: Props) {
  const t = useText()
  const [work, setWork] = useState<Work>()
  const life = useRef<AbortController>(null)
  const begin = async (format: Format) => {
    const { signal } = (life.current = new AbortController())
    setWork({ done: 0, total })
    try {
      const file = await collected({ filter, window, format, signal, progress: (done, all) => setWork({ done, total: all }) })
      if (signal.aborted) return
      handOver(file, `logs-${dateTime(window.to).replace(/\D/g, '')}.${format === 'text' ? 'log' : 'ndjson'}`)
      setWork(undefined)
    } catch (error) {
      if (!signal.aborted) setWork((before) => ({ done: 0, total, ...before, error: error as Error }))
    }
  }
  const stop = () => {
    life.current?.abort()
    setWork(undefined)
  }
  const items = [
    { key: 'text', label: t('explorer.asText'), onClick: () => void begin('text') },
    { key: 'ndjson', label: t('explorer.asJson'), onClick: () => void begin('ndjson') },
    { key: 'limit', type: 'group' as const, label: t('explorer.limit', { count: number(MOST_LINES, 0) }) },
  ]
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight" disabled={total === 0}>
        <Button icon={<DownloadOutlined />}>{t('explorer.download')}</Button>
      </Dropdown>
      <Modal open={work !== undefined} title={t('explorer.downloading')} onCancel={stop} footer={<Button onClick={stop}>{t('action.cancel')}</Button>}>
        {work && (work.error ? <div role="alert"><ErrorWords error={work.error} /></div> : (
          <>
            <Progress percent={work.total ? Math.round((work.done / work.total) * 100) : 0} aria-label={t('explorer.downloading')} />
            <p className="muted numbers">{t('explorer.fetched', { done: number(work.done, 0), total: number(work.total, 0) })}</p>
          </>
        ))}
      </Modal>
    </>
  )
}
