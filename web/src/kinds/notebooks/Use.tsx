import { NOTHING } from '../../components/filters'
import { TimeAxis } from '../../components/plot/axis'
import { Cost } from '../apps/Cost'
import { Resources } from '../apps/Resources'

const NONE: [] = []

/** What it uses and what that costs, on one time axis. */
export function Use({ project, name }: { project: string; name: string }) {
  return (
    <TimeAxis name={`notebook-${project}-${name}`} marks={NONE}>
      <div className="grid">
        <Resources project={project} filters={{ ...NOTHING, app: name }} />
        <Cost project={project} name={name} user="" />
      </div>
    </TimeAxis>
  )
}
