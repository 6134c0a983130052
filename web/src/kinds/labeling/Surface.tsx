import type { Answer, LabelConfig, Side, Task } from '../../api/labeling'
import { useText } from '../../i18n'
import { choicesOf, chosen, keysOf, sideOf, type Key } from './answer'
import { Drawing } from './Drawing'
import { Marked } from './Marked'
import { SIDES } from './words'

export interface SurfaceProps {
  config: LabelConfig
  task: Task
  /** Where the task's image is. */
  image: string
  answer: Answer | undefined
  /** Absent: only to look at. */
  change?: ((answer: Answer) => void) | undefined
  /** The label that shapes and spans get. */
  label: string | undefined
  choose: (label: string) => void
}

const fieldsOf = (config: LabelConfig): string[] => (config.fields?.length ? config.fields : config.kind === 'preference' ? ['left', 'right'] : ['text'])
const words = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '')

/** What is labelled, and the means to do it. */
export function Surface(props: SurfaceProps) {
  const t = useText()
  const { config, task, image, answer, change } = props
  const [first = 'text', second = 'right'] = fieldsOf(config)
  if (config.kind === 'imageBoxes' || config.kind === 'imagePolygons') return <Drawing {...props} />
  if (config.kind === 'textSpans') return <Marked {...props} text={words(task.data[first])} />
  if (config.kind === 'preference') {
    const side = sideOf(answer)
    return (
      <div className="labeling-two">
        {(['left', 'right'] as const).map((one, at) => (
          <button type="button" key={one} className="labeling-side" aria-pressed={side === one} disabled={!change} onClick={() => change?.({ preference: one })}>
            <span className="muted small">{t(one === 'left' ? 'labeling.left' : 'labeling.right')}</span>
            <span className="pre anywhere">{words(task.data[at === 0 ? first : second])}</span>
          </button>
        ))}
      </div>
    )
  }
  if (config.kind === 'imageClassification') return <img className="labeling-image" src={image} alt={task.key} />
  return <p className="labeling-text pre anywhere">{words(task.data[first])}</p>
}

/** The labels, each with its key and whether it is chosen. */
export function Labels({ config, answer, change, label, choose }: Omit<SurfaceProps, 'task' | 'image'>) {
  const t = useText()
  const choices = choicesOf(answer)
  const isOn = ({ label: name }: Key) => (config.kind.endsWith('Classification') ? choices.includes(name) : config.kind === 'preference' ? sideOf(answer) === name : label === name)
  return (
    <div className="labeling-labels" role="group" aria-label={t('labeling.labels')}>
      {keysOf(config).map((one) => (
        <button type="button" key={one.label} className="labeling-label" aria-pressed={isOn(one)} aria-keyshortcuts={one.key || undefined} disabled={!change} style={{ '--label': one.color } as React.CSSProperties}
          title={describe(config, one.label)} onClick={() => press(one.label, { config, answer, change, choose })}>
          <span className="labeling-dot" aria-hidden />{config.kind === 'preference' ? t(SIDES[one.label as Side]) : one.label}{one.key && <kbd aria-hidden>{one.key}</kbd>}
        </button>
      ))}
    </div>
  )
}

const describe = (config: LabelConfig, name: string): string | undefined => {
  const description = config.labels?.find((one) => one.name === name)?.description
  return document.documentElement.lang.startsWith('zh') ? (description?.zh ?? description?.en) : (description?.en ?? description?.zh)
}

/** What a label's key and its button do. */
export function press(name: string, { config, answer, change, choose }: Pick<SurfaceProps, 'config' | 'answer' | 'change' | 'choose'>): void {
  if (config.kind.endsWith('Classification')) change?.({ choices: chosen(choicesOf(answer), name, config.several ?? false) })
  else if (config.kind === 'preference') change?.({ preference: name as 'left' | 'right' | 'tie' })
  else choose(name)
}
