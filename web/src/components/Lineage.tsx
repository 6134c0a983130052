import { Fragment } from 'react'
import { Link } from 'react-router'
import { useText } from '../i18n'

export interface Step {
  label: string
  to?: string
  here?: boolean
  /** Not there (yet): said, and drawn as a gap. */
  none?: boolean
}

/** data → job → model → service: several things may stand at one step. */
export function Lineage({ steps }: { steps: Step[][] }) {
  const t = useText()
  return (
    <nav className="lineage" aria-label={t('lineage.title')}>
      {steps.filter((group) => group.length > 0).map((group, index) => (
        // The same name may stand at several steps: a job and its run.
        // oxlint-disable-next-line react/no-array-index-key
        <Fragment key={`${index}${group.map((step) => step.label).join()}`}>
          {index > 0 && <span className="lineage-arrow" aria-hidden>→</span>}
          {group.map((step) => <One key={step.label} step={step} />)}
        </Fragment>
      ))}
    </nav>
  )
}

function One({ step }: { step: Step }) {
  const classes = `lineage-step ${step.here ? 'here' : ''} ${step.none ? 'none' : ''}`
  if (step.to && !step.here) return <Link className={classes} to={step.to}>{step.label}</Link>
  return <span className={classes} {...(step.here && { 'aria-current': 'page' as const })}>{step.label}</span>
}
