import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef } from 'react'
import { PALETTES } from '../../theme/palette'
import { start, type End, type Place } from './session'

interface Props extends Place {
  label: string
  /** The same function as long as the shell lives. */
  ended: (end: End) => void
}

/** Dark in both themes: programs choose their colours for it. */
const { ground, ink, accent } = PALETTES.dark

/** One shell, from its start to its end or until the page is left. */
export function Screen({ project, pod, container, label, ended }: Props) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!box.current) return
    const terminal = new Terminal({
      cursorBlink: true,
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
      fontSize: 13,
      theme: { background: ground, foreground: ink, cursor: accent, selectionBackground: `${accent}55` },
    })
    const fit = new FitAddon()
    terminal.loadAddon(fit)
    terminal.open(box.current)
    terminal.textarea?.setAttribute('aria-label', label)
    fit.fit()
    const size = () => ({ columns: terminal.cols, rows: terminal.rows })
    let left = false
    const session = start({ project, pod, container }, size(), (bytes) => terminal.write(bytes), (end) => {
      terminal.options.cursorBlink = false
      terminal.options.disableStdin = true
      if (!left) ended(end)
    })
    terminal.onData(session.type)
    terminal.onResize(() => session.resize(size()))
    const watch = new ResizeObserver(() => fit.fit())
    watch.observe(box.current)
    terminal.focus()
    return () => {
      left = true
      watch.disconnect()
      session.close()
      terminal.dispose()
    }
  }, [project, pod, container, label, ended])
  return <div className="shell" style={{ background: ground }} ref={box} />
}
