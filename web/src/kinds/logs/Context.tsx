import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button, Drawer } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { around, type LogLine } from '../../api/logs'
import { Await } from '../../components/States'
import { useText } from '../../i18n'
import { LogLines } from '../../objects/LogLines'

const STEP = 20
const MOST = 500

/** The lines of the same container right before and after one. */
export function Context({ line, close }: { line: LogLine; close: () => void }) {
  const t = useText()
  const [count, setCount] = useState(STEP)
  const found = useQuery({
    queryKey: ['log-context', line._id, line.sort, count],
    staleTime: 10_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => around(line, count, signal),
  })
  const body = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (found.data) body.current?.querySelector('.log-line.here')?.scrollIntoView({ block: 'center' })
  }, [found.data])
  return (
    <Drawer open onClose={close} size={Math.min(1100, innerWidth)} title={t('explorer.contextOf', { pod: line.pod ?? '', container: line.container ?? '' })}
      extra={<Button size="small" disabled={count >= MOST} onClick={() => setCount(Math.min(MOST, count * 2))}>{t('explorer.widen')}</Button>}>
      <div ref={body}>
        <Await of={found} rows={8}>
          {({ before, after }) => (
            <>
              <p className="muted small" style={{ marginBottom: 8 }}>{t('explorer.contextCount', { before: before.length, after: after.length })}</p>
              <LogLines lines={[...before, line, ...after]} label={t('explorer.context')} current={line._id} className="whole" />
            </>
          )}
        </Await>
      </div>
    </Drawer>
  )
}
