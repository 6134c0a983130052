import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useState } from 'react'
import { BrowserRouter } from 'react-router'
import { ApiError, whenSignedOut } from './api/http'
import { SESSION_KEY } from './api/session'
import { Gate } from './frame/Gate'
import { LanguageProvider } from './i18n'
import { ThemeProvider } from './theme/ThemeProvider'

/** What a server refused it will refuse again; what did not arrive may. */
function again(count: number, error: Error): boolean {
  const final = error instanceof ApiError && error.status >= 400 && error.status < 500
  return !final && count < 2
}

function client(): QueryClient {
  const made = new QueryClient({
    defaultOptions: { queries: { retry: again, retryDelay: 1000, staleTime: 2000, refetchOnWindowFocus: true } },
  })
  whenSignedOut(() => void made.invalidateQueries({ queryKey: SESSION_KEY }))
  return made
}

/** `opened`: the page of the address that they came to, on its way. */
export function App({ opened }: { opened: Promise<void> }) {
  const [queries] = useState(client)
  return (
    <QueryClientProvider client={queries}>
      <LanguageProvider>
        <ThemeProvider>
          <BrowserRouter>
            <Gate opened={opened} />
          </BrowserRouter>
        </ThemeProvider>
      </LanguageProvider>
    </QueryClientProvider>
  )
}
