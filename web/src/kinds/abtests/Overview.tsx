import type { ABTest } from '../../api/generated'
import { About } from './About'
import { Address } from './Address'
import { metricsOf } from './arms'
import { Bandit } from './Bandit'
import { Guardrails } from './Guardrails'
import { MetricCard } from './MetricCard'
import { Ramp } from './Ramp'
import { Shadow } from './Shadow'
import { Split } from './Split'
import { Verdict } from './Verdict'

/** What people look at every day, the metric that decides first. */
export function Overview({ test, project }: { test: ABTest; project: string }) {
  const metrics = metricsOf(test)
  // The one that decides has a line of its own, the others stand in pairs; so does one that is left over.
  const isWide = (index: number) => index === 0 || (index === metrics.length - 1 && index % 2 === 1)
  return (
    <div className="grid">
      <Verdict test={test} />
      {metrics.map((metric, index) => <MetricCard key={metric.name} test={test} metric={metric} className={isWide(index) ? 'span-12' : 'span-6'} />)}
      <Guardrails test={test} />
      <Split test={test} />
      <Bandit test={test} project={project} />
      <Ramp test={test} />
      <Shadow test={test} />
      <Address test={test} />
      <About test={test} />
    </div>
  )
}
