/** What PromQL could go on with at the cursor. Pure: names come from elsewhere. */

export type Wanted =
  | { kind: 'expression' }
  | { kind: 'label'; metric: string | undefined }
  | { kind: 'value'; label: string; metric: string | undefined }
  | { kind: 'range' }
  | { kind: 'nothing' }

export interface Place {
  wanted: Wanted
  /** Where the word under way begins, and the word up to the cursor. */
  from: number
  word: string
}

const WORD = /[A-Za-z0-9_:.]*$/
/** Before a list of labels: aggregation and vector matching. */
const LISTS = /\b(by|without|on|ignoring|group_left|group_right)\s*$/i

interface Open {
  bracket: string
  at: number
}

export function placeAt(text: string, cursor: number): Place {
  const before = text.slice(0, cursor)
  const { open, quote } = scanned(before)
  const inner = open.at(-1)
  if (quote !== undefined) {
    const word = before.slice(quote + 1)
    const label = inner?.bracket === '{' ? /([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*$/.exec(before.slice(0, quote)) : null
    return { wanted: label ? { kind: 'value', label: label[1] ?? '', metric: metricBefore(before, inner) } : { kind: 'nothing' }, from: quote + 1, word }
  }
  const word = WORD.exec(before)?.[0] ?? ''
  return { wanted: wantedIn(before, inner, word, text), from: cursor - word.length, word }
}

function wantedIn(before: string, inner: Open | undefined, word: string, text: string): Wanted {
  if (inner?.bracket === '{') {
    const rest = before.slice(inner.at + 1, before.length - word.length)
    return /(^|,)\s*$/.test(rest) ? { kind: 'label', metric: metricBefore(before, inner) } : { kind: 'nothing' }
  }
  if (inner?.bracket === '[') return { kind: 'range' }
  if (inner?.bracket === '(' && LISTS.test(before.slice(0, inner.at))) return { kind: 'label', metric: metricIn(text) }
  return { kind: 'expression' }
}

/** Brackets that are open at the end, and where a string began that is not over. */
function scanned(text: string): { open: Open[]; quote: number | undefined } {
  const open: Open[] = []
  let quote: number | undefined
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? ''
    if (quote !== undefined) {
      if (letter === '\\' && text[quote] !== '`') at += 1
      else if (letter === text[quote]) quote = undefined
    } else if ('"\'`'.includes(letter)) quote = at
    else if ('({['.includes(letter)) open.push({ bracket: letter, at })
    else if (')}]'.includes(letter)) open.pop()
  }
  return { open, quote }
}

const metricBefore = (before: string, inner: Open | undefined): string | undefined =>
  inner ? (/([A-Za-z_:][A-Za-z0-9_:]*)\s*$/.exec(before.slice(0, inner.at))?.[1] ?? undefined) : undefined

/** The first name that selects something: before braces, a range, or standing alone in an argument. */
function metricIn(text: string): string | undefined {
  for (const match of text.matchAll(/[A-Za-z_:][A-Za-z0-9_:]*(?=\s*[{[)])/g)) {
    if (match[0].includes('_') && !FUNCTION_NAMES.has(match[0])) return match[0]
  }
  return undefined
}

export const AGGREGATORS = ['sum', 'avg', 'min', 'max', 'count', 'topk', 'bottomk', 'quantile', 'count_values', 'stddev', 'stdvar', 'group']
export const FUNCTIONS = [
  'rate', 'increase', 'irate', 'delta', 'idelta', 'deriv', 'predict_linear', 'histogram_quantile', 'avg_over_time', 'sum_over_time', 'min_over_time', 'max_over_time',
  'count_over_time', 'quantile_over_time', 'stddev_over_time', 'stdvar_over_time', 'last_over_time', 'present_over_time', 'absent_over_time', 'absent', 'changes', 'resets',
  'label_replace', 'label_join', 'clamp', 'clamp_min', 'clamp_max', 'round', 'ceil', 'floor', 'abs', 'sqrt', 'exp', 'ln', 'log2', 'log10', 'sgn', 'sort', 'sort_desc',
  'scalar', 'vector', 'time', 'timestamp', 'hour', 'minute', 'month', 'year', 'day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'double_exponential_smoothing',
]
export const RANGES = ['1m', '2m', '5m', '15m', '30m', '1h', '6h', '1d']
const FUNCTION_NAMES = new Set([...AGGREGATORS, ...FUNCTIONS])

export interface Suggestion {
  text: string
  kind: 'metric' | 'function' | 'label' | 'value' | 'range'
}

const MOST = 40

/** Of all that could stand here what fits the word: what begins with it first, then what has it inside. */
export function fitting(all: Suggestion[], word: string): Suggestion[] {
  const small = word.toLowerCase()
  const rank = ({ text }: Suggestion) => { const at = text.toLowerCase().indexOf(small); return at < 0 ? 2 : at === 0 ? 0 : 1 }
  return all.filter((one) => rank(one) < 2 && one.text !== word).toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST)
}

/** The text with one suggestion taken, and where the cursor is then. */
export function taken(text: string, cursor: number, place: Place, { text: chosen, kind }: Suggestion): { text: string; cursor: number } {
  const tail = text.slice(cursor)
  const [put, step] = kind === 'function' ? (tail.startsWith('(') ? [chosen, 1] : [`${chosen}()`, -1])
    : kind === 'value' ? [escape(chosen), 0]
    : [chosen, 0]
  const head = text.slice(0, place.from) + put
  return { text: head + tail, cursor: head.length + step }
}

const escape = (value: string) => value.replace(/[\\"]/g, '\\$&')
