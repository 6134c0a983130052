import { App } from 'antd'
import { createElement, useCallback, useState } from 'react'
import { ErrorWords } from './States'

/** Runs one action at a time, says that it worked or why not. */
export function useAct(): { busy: boolean; act: (work: () => Promise<unknown>, done?: string) => Promise<boolean> } {
  const { message } = App.useApp()
  const [busy, setBusy] = useState(false)
  const act = useCallback(
    async (work: () => Promise<unknown>, done?: string) => {
      setBusy(true)
      try {
        await work()
        if (done) void message.success(done)
        return true
      } catch (error) {
        void message.error(createElement(ErrorWords, { error: error as Error }), 6)
        return false
      } finally {
        setBusy(false)
      }
    },
    [message],
  )
  return { busy, act }
}
