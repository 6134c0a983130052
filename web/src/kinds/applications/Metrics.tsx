import { Failure, Loading } from '../../components/States'
import { useAlertsOf } from '../apps/alerts'
import { OnOneAxis } from '../apps/OnOneAxis'
import { useApplication } from '../apps/useApplication'

/** What the program does, what that costs and what happened, on one time axis. */
export function Metrics({ name, project }: { name: string; project: string }) {
  const all = useApplication(project, name)
  const alerts = useAlertsOf(project, name, all.names)
  if (!all.of) return all.error ? <Failure error={all.error} retry={all.refetch} /> : <Loading rows={8} />
  return <OnOneAxis project={project} name={name} of={all.of} all={all} alerts={alerts} />
}
