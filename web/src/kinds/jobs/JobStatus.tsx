import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { reasonWords } from '../../objects/reasons'
import { PHASES, phaseOf, whyOf, type Phased } from './phase'

interface Props {
  job: Phased
  tag?: boolean
  /** With its reason below, unless all is well. */
  why?: boolean
}

export function JobStatus({ job, tag = false, why = false }: Props) {
  const t = useText()
  const phase = phaseOf(job)
  const { word, tone } = PHASES[phase]
  const cause = whyOf(job)
  return (
    <div>
      <Status tone={tone} label={t(word)} busy={phase === 'Running'} tag={tag} />
      {why && cause && (phase === 'Pending' || phase === 'Failed') && (
        <div className="muted small" title={cause.message} style={{ maxWidth: 320 }}>{reasonWords(t, cause.reason)}</div>
      )}
    </div>
  )
}
