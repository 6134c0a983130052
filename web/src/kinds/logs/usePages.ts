import { keepPreviousData, useInfiniteQuery, type InfiniteData } from '@tanstack/react-query'
import { searchPage, type LogFilter, type LogLine, type LogPage, type LogWindow, type SortValue } from '../../api/logs'

const REFRESH_MS = 5000
const PAGE = 500

interface Page extends LogPage {
  window: LogWindow
}
interface Place {
  window: LogWindow
  after: SortValue[]
}

export interface Pages {
  lines: LogLine[]
  first: Page | undefined
  error: Error | null
  loading: boolean
  /** Older lines; undefined when there are none. */
  more: (() => void) | undefined
  refetch: () => unknown
}

/** What a search finds, newest first, page by page; kept fresh while only the first page is read. */
export function usePages(filter: LogFilter, seconds: number, fixed: LogWindow | undefined, index?: string): Pages {
  const found = useInfiniteQuery<Page, Error, InfiniteData<Page, Place | undefined>, unknown[], Place | undefined>({
    queryKey: ['logs', index ?? '', filter, fixed ?? seconds],
    initialPageParam: undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (fixed || (query.state.data?.pages.length ?? 0) > 1 ? false : REFRESH_MS),
    refetchOnWindowFocus: false,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const now = Date.now()
      const window = pageParam?.window ?? fixed ?? { from: now - seconds * 1000, to: now }
      return { window, ...(await searchPage({ filter, window, size: PAGE, after: pageParam?.after, ...(index && { index }) }, signal)) }
    },
    getNextPageParam: ({ window, lines }): Place | undefined => {
      const after = lines.length < PAGE ? undefined : lines.at(-1)?.sort
      return after && { window, after }
    },
  })
  const { hasNextPage, isFetching, fetchNextPage } = found
  return {
    lines: found.data?.pages.flatMap((page) => page.lines) ?? [],
    first: found.data?.pages[0],
    error: found.error,
    loading: found.isFetchingNextPage,
    more: hasNextPage ? () => { if (!isFetching) void fetchNextPage() } : undefined,
    refetch: found.refetch,
  }
}
