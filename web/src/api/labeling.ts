import { useQuery } from '@tanstack/react-query'
import type { LabelingProject } from './generated'
import { request } from './http'

/** Labelling: tasks, turns and figures. Times are milliseconds since 1970. */

export type LabelConfig = LabelingProject['spec']['config']

export interface Size { width: number; height: number }
/** Coordinates are percent of the image. */
export interface Box { id?: string; label: string; x: number; y: number; width: number; height: number; rotation?: number }
export interface Polygon { id?: string; label: string; points: [number, number][] }
/** Characters, counted as Unicode has them. */
export interface Span { id?: string; label: string; start: number; end: number }
export type Side = 'left' | 'right' | 'tie'
export type Answer =
  | { choices: string[] }
  | { boxes: { size?: Size; shapes: Box[] } }
  | { polygons: { size?: Size; shapes: Polygon[] } }
  | { spans: Span[] }
  | { preference: Side }

/** What a model says of a task. */
export interface Prediction { answer: Answer; score?: number; model?: string }

export interface Task {
  task: number
  key: string
  data: Record<string, unknown>
  predictions?: Prediction[]
  state: 'todo' | 'started' | 'answered' | 'reviewed'
  answers: number
  agreement?: number
}

export interface Turn {
  annotator: string
  state: string
  submitted: number
  version: number
  answer?: Answer
  correction?: Answer
  reason?: string
  comment?: string
  reviewer?: string
}

export interface Held { task: Task; turn: Turn }

export interface Progress {
  tasks: number
  todo: number
  started: number
  answered: number
  reviewed: number
  done: number
  toReview: number
  gold: number
  turns: Record<string, Record<string, number>>
}

export interface Annotator {
  annotator: string
  answers: number
  skipped: number
  accepted: number
  corrected: number
  rejected: number
  medianSeconds?: number | null
  /** Mean agreement with the others on the same tasks. */
  agreement?: number | null
  goldAccuracy?: number | null
}

export interface Pair { annotators: [string, string]; tasks: number; mean: number; cohenKappa?: number | null }

export interface Agreement {
  /** With two answers or more. */
  tasks: number
  mean?: number | null
  fleissKappa?: number | null
  pairs: Pair[]
  labels: OfLabel[]
}

export interface OfLabel { label: string; answers: number; mean?: number | null; fleissKappa?: number | null }

export interface Statistics {
  progress: Progress
  agreement: Agreement
  annotators: Annotator[]
}

export const FORMATS = ['json-lines', 'csv', 'label-studio', 'coco', 'yolo'] as const
export type LabelFormat = (typeof FORMATS)[number]

const base = (project: string, work: string) => `/labeling/p/${encodeURIComponent(project)}/${encodeURIComponent(work)}`
const of = (project: string, work: string, task: number) => `${base(project, work)}/tasks/${task}`

/** The image of a task, for whoever may see the task. */
export const taskFile = (project: string, work: string, task: number) => `${of(project, work, task)}/file`
export const next = (project: string, work: string) => request<{ held: Held | null }>(`${base(project, work)}/next`, { method: 'POST' })
export const undo = (project: string, work: string) => request<{ held: Held }>(`${base(project, work)}/undo`, { method: 'POST' })
export const saveDraft = (project: string, work: string, task: number, version: number, answer: Answer) =>
  request<Turn>(`${of(project, work, task)}/draft`, { method: 'PUT', body: { version, answer } })
export const submitAnswer = (project: string, work: string, task: number, version: number, answer: Answer) =>
  request<Turn>(`${of(project, work, task)}/submit`, { method: 'POST', body: { version, answer } })
export const skip = (project: string, work: string, task: number, reason: string) =>
  request<Turn>(`${of(project, work, task)}/skip`, { method: 'POST', body: { reason } })
export const decide = (project: string, work: string, task: number, body: { annotator: string; version: number; decision: 'accept' | 'correct' | 'reject'; answer?: Answer; comment?: string }) =>
  request<Turn>(`${of(project, work, task)}/review`, { method: 'POST', body })
export const toReview = (project: string, work: string) => request<{ items: Held[] }>(`${base(project, work)}/review?limit=1`)
export const publish = (project: string, work: string, dataset: string, format: LabelFormat) =>
  request<{ version: { name: string }; lost: { what: string; count: number }[] }>(`${base(project, work)}/publish`, { method: 'POST', body: { dataset, format } })
/** So many tasks of the queue onto somebody's list. */
export const assignNext = (project: string, work: string, annotator: string, count: number) =>
  request<{ assigned: number; full: number }>(`${base(project, work)}/assign`, { method: 'POST', body: { annotator, next: count } })
export const release = (project: string, work: string, annotator: string) =>
  request<{ released: number }>(`${base(project, work)}/release`, { method: 'POST', body: { annotator } })
/** Has tasks asked about again on which a model failed. */
export const predictAgain = (project: string, work: string) => request<{ again: number }>(`${base(project, work)}/predictions/again`, { method: 'POST' })
export const importTasks = (project: string, work: string, format: LabelFormat, counting: 'prediction' | 'gold', file: Blob) =>
  request<{ new: number; known: number; lost: { what: string; count: number }[] }>(`${base(project, work)}/tasks?format=${format}&unsigned=${counting}`, { method: 'POST', body: file })
export const exportAddress = (project: string, work: string, format: LabelFormat) => `${base(project, work)}/export?format=${format}`

const LOOK_MS = 5000

export const useProgress = (project: string, work: string) =>
  useQuery({ queryKey: ['labeling', project, work, 'progress'], refetchInterval: LOOK_MS, queryFn: ({ signal }) => request<Progress>(`${base(project, work)}/progress`, { signal }) })

export const useStatistics = (project: string, work: string) =>
  useQuery({ queryKey: ['labeling', project, work, 'statistics'], refetchInterval: LOOK_MS, retry: false, queryFn: ({ signal }) => request<Statistics>(`${base(project, work)}/statistics`, { signal }) })

/** Tasks with two answers or more: the first thousand. */
export const useDisputed = (project: string, work: string) =>
  useQuery({ queryKey: ['labeling', project, work, 'disputed'], refetchInterval: LOOK_MS, retry: false, queryFn: async ({ signal }) => (await request<{ items: Task[] }>(`${base(project, work)}/tasks?agreementBelow=1.1&limit=1000`, { signal })).items })
