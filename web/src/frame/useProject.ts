import { useParams } from 'react-router'

/** The project in the address: pages under /p/<project> have one. */
export function useProject(): string {
  const { project } = useParams()
  if (!project) throw new Error('this page is not under /p/:project')
  return project
}

/** Address of a page of `project`. */
export function at(project: string, ...parts: string[]): string {
  return ['/p', project, ...parts].map((part, index) => (index === 0 ? part : encodeURIComponent(part))).join('/')
}
