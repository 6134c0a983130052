import { isValidElement, type ComponentType } from 'react'
import { createRoutesFromElements, matchRoutes, Navigate, Route, useRoutes } from 'react-router'
import { fetched, type Fetched } from './components/fetched'

/** Pages are fetched when they are first opened. */
function page<N extends string>(load: () => Promise<Record<N, ComponentType>>, name: N) {
  return fetched(async () => (await load())[name])
}

const Home = page(() => import('./kinds/home/Home'), 'Home')
const Datasets = page(() => import('./kinds/datasets/List'), 'DatasetList')
const Dataset = page(() => import('./kinds/datasets/Details'), 'DatasetDetails')
const Labelings = page(() => import('./kinds/labeling/List'), 'LabelingList')
const Labeling = page(() => import('./kinds/labeling/Details'), 'LabelingDetails')
const Notebooks = page(() => import('./kinds/notebooks/List'), 'NotebookList')
const Notebook = page(() => import('./kinds/notebooks/Details'), 'NotebookDetails')
const NotebookCreate = page(() => import('./kinds/notebooks/Create'), 'NotebookCreate')
const LabelingCreate = page(() => import('./kinds/labeling/Create'), 'LabelingCreate')
const Algorithms = page(() => import('./kinds/algorithms/List'), 'AlgorithmList')
const Algorithm = page(() => import('./kinds/algorithms/Details'), 'AlgorithmDetails')
const AlgorithmCreate = page(() => import('./kinds/algorithms/Create'), 'AlgorithmCreate')
const AlgorithmEdit = page(() => import('./kinds/algorithms/Create'), 'AlgorithmEdit')
const AlgorithmLibrary = page(() => import('./kinds/algorithms/Library'), 'AlgorithmLibrary')
const Environments = page(() => import('./kinds/environments/List'), 'EnvironmentList')
const Environment = page(() => import('./kinds/environments/Details'), 'EnvironmentDetails')
const Jobs = page(() => import('./kinds/jobs/List'), 'JobList')
const Job = page(() => import('./kinds/jobs/Details'), 'JobDetails')
const JobCreate = page(() => import('./kinds/jobs/Create'), 'JobCreate')
const Sweeps = page(() => import('./kinds/sweeps/List'), 'SweepList')
const Sweep = page(() => import('./kinds/sweeps/Details'), 'SweepDetails')
const SweepCreate = page(() => import('./kinds/sweeps/Create'), 'SweepCreate')
const Queues = page(() => import('./kinds/queues/List'), 'QueueList')
const Queue = page(() => import('./kinds/queues/Details'), 'QueueDetails')
const Experiments = page(() => import('./kinds/experiments/List'), 'ExperimentList')
const Experiment = page(() => import('./kinds/experiments/Details'), 'ExperimentDetails')
const Compare = page(() => import('./kinds/experiments/Compare'), 'RunCompare')
const Run = page(() => import('./kinds/experiments/Run'), 'RunDetails')
const Models = page(() => import('./kinds/models/List'), 'ModelList')
const Model = page(() => import('./kinds/models/Details'), 'ModelDetails')
const Services = page(() => import('./kinds/services/List'), 'ServiceList')
const Service = page(() => import('./kinds/services/Details'), 'ServiceDetails')
const ServiceCreate = page(() => import('./kinds/services/Create'), 'ServiceCreate')
const ABTests = page(() => import('./kinds/abtests/List'), 'ABTestList')
const ABTest = page(() => import('./kinds/abtests/Details'), 'ABTestDetails')
const ABTestCreate = page(() => import('./kinds/abtests/Create'), 'ABTestCreate')
const Applications = page(() => import('./kinds/applications/List'), 'ApplicationList')
const Application = page(() => import('./kinds/applications/Details'), 'ApplicationDetails')
const ApplicationCreate = page(() => import('./kinds/applications/Create'), 'ApplicationCreate')
const Explore = page(() => import('./kinds/explore/Explore'), 'Explore')
const Logs = page(() => import('./kinds/logs/Explorer'), 'LogExplorer')
const Traces = page(() => import('./kinds/traces/List'), 'TraceList')
const Trace = page(() => import('./kinds/traces/Details'), 'TraceDetails')
const Apps = page(() => import('./kinds/apps/List'), 'AppList')
const App = page(() => import('./kinds/apps/Details'), 'AppDetails')
const Cluster = page(() => import('./kinds/cluster/Cluster'), 'Cluster')
const Devices = page(() => import('./kinds/gpus/List'), 'DeviceList')
const Device = page(() => import('./kinds/gpus/Details'), 'DeviceDetails')
const People = page(() => import('./kinds/people/List'), 'PeopleList')
const Person = page(() => import('./kinds/people/Details'), 'PersonDetails')
const Alerts = page(() => import('./kinds/alerts/Alerts'), 'AlertsPage')
const TraceCompare = page(() => import('./kinds/traces/CompareTwo'), 'TraceCompare')
const ServiceMap = page(() => import('./kinds/servicemap/ServiceMap'), 'ServiceMap')
const Events = page(() => import('./kinds/events/Events'), 'EventList')
const Nodes = page(() => import('./kinds/nodes/List'), 'NodeList')
const Node = page(() => import('./kinds/nodes/Details'), 'NodeDetails')
const Images = page(() => import('./kinds/images/List'), 'ImageList')
const Projects = page(() => import('./kinds/platform/Projects'), 'Projects')
const Accounts = page(() => import('./kinds/platform/Accounts'), 'Accounts')
const Audit = page(() => import('./kinds/audit/Audit'), 'Audit')
const Tokens = page(() => import('./kinds/platform/Tokens'), 'Tokens')
const NotFound = page(() => import('./frame/NotFound'), 'NotFound')

/** Every address and its page; the browser tests walk them all. */
export const ROUTES = createRoutesFromElements(
  <>
    <Route index element={<Home />} />
    <Route path="p/:project">
      <Route index element={<Navigate to="jobs" replace />} />
      <Route path="datasets" element={<Datasets />} />
      <Route path="datasets/:name/:tab?" element={<Dataset />} />
      <Route path="notebooks" element={<Notebooks />} />
      <Route path="notebooks/new" element={<NotebookCreate />} />
      <Route path="notebooks/:name/:tab?" element={<Notebook />} />
      <Route path="labeling" element={<Labelings />} />
      <Route path="labeling/new" element={<LabelingCreate />} />
      <Route path="labeling/:name/:tab?" element={<Labeling />} />
      <Route path="algorithms" element={<Algorithms />} />
      <Route path="algorithms/new" element={<AlgorithmCreate />} />
      <Route path="algorithms/library" element={<AlgorithmLibrary />} />
      <Route path="algorithms/:name/edit" element={<AlgorithmEdit />} />
      <Route path="algorithms/:name/:tab?" element={<Algorithm />} />
      <Route path="environments" element={<Environments />} />
      <Route path="environments/:name/:tab?" element={<Environment />} />
      <Route path="jobs" element={<Jobs />} />
      <Route path="jobs/new" element={<JobCreate />} />
      <Route path="jobs/:name/:tab?" element={<Job />} />
      <Route path="sweeps" element={<Sweeps />} />
      <Route path="sweeps/new" element={<SweepCreate />} />
      <Route path="sweeps/:name/:tab?" element={<Sweep />} />
      <Route path="experiments" element={<Experiments />} />
      <Route path="experiments/:id" element={<Experiment />} />
      <Route path="experiments/:id/compare" element={<Compare />} />
      <Route path="experiments/:id/runs/:run" element={<Run />} />
      <Route path="models" element={<Models />} />
      <Route path="models/:name" element={<Model />} />
      <Route path="services" element={<Services />} />
      <Route path="services/new" element={<ServiceCreate />} />
      <Route path="services/:name/:tab?" element={<Service />} />
      <Route path="abtests" element={<ABTests />} />
      <Route path="abtests/new" element={<ABTestCreate />} />
      <Route path="abtests/:name/:tab?" element={<ABTest />} />
      <Route path="applications" element={<Applications />} />
      <Route path="applications/new" element={<ApplicationCreate />} />
      <Route path="applications/:name/:tab?" element={<Application />} />
      <Route path="explore" element={<Explore />} />
      <Route path="apps" element={<Apps />} />
      <Route path="apps/:name" element={<App />} />
      <Route path="alerts" element={<Alerts />} />
      <Route path="logs" element={<Logs />} />
      <Route path="traces" element={<Traces />} />
      <Route path="traces/compare" element={<TraceCompare />} />
      <Route path="traces/:id" element={<Trace />} />
      <Route path="map" element={<ServiceMap />} />
      <Route path="events" element={<Events />} />
    </Route>
    <Route path="queues" element={<Queues />} />
    <Route path="queues/:name" element={<Queue />} />
    <Route path="alerts" element={<Alerts />} />
    <Route path="explore" element={<Explore />} />
    <Route path="cluster" element={<Cluster />} />
    <Route path="gpus" element={<Devices />} />
    <Route path="gpus/:uuid" element={<Device />} />
    <Route path="people" element={<People />} />
    <Route path="people/:name" element={<Person />} />
    <Route path="logs" element={<Logs />} />
    <Route path="traces" element={<Traces />} />
    <Route path="traces/compare" element={<TraceCompare />} />
    <Route path="traces/:id" element={<Trace />} />
    <Route path="map" element={<ServiceMap />} />
    <Route path="events" element={<Events />} />
    <Route path="nodes" element={<Nodes />} />
    <Route path="nodes/:name" element={<Node />} />
    <Route path="images" element={<Images />} />
    <Route path="projects" element={<Projects />} />
    <Route path="accounts" element={<Accounts />} />
    <Route path="audit" element={<Audit />} />
    <Route path="tokens" element={<Tokens />} />
    <Route path="sign-in" element={<Navigate to="/" replace />} />
    <Route path="*" element={<NotFound />} />
  </>,
)

/** Fetches the page of an address. */
export async function fetchPage(path: string): Promise<void> {
  const element = matchRoutes(ROUTES, path)?.at(-1)?.route.element
  if (isValidElement(element) && typeof element.type === 'function' && 'fetch' in element.type) await (element.type as Fetched).fetch()
}

export function Pages() {
  return useRoutes(ROUTES)
}
