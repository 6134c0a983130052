import type { Application } from '../../api/generated'
import { TimeAxis } from '../../components/plot/axis'
import { Cost } from '../apps/Cost'
import { Resources } from '../apps/Resources'
import { Traffic } from '../apps/Traffic'

const NONE: [] = []

/** Requests, what it uses and what that costs, on one time axis. */
export function Metrics({ app, project }: { app: Application; project: string }) {
  const { name } = app.metadata
  return (
    <TimeAxis name={`application-${project}-${name}`} marks={NONE}>
      <div className="grid">
        {app.spec.route && <Traffic project={project} services={[name]} />}
        <Resources project={project} name={name} />
        <Cost project={project} name={name} />
      </div>
    </TimeAxis>
  )
}
