import { useEffect, useState } from 'react'
import { useLocation } from 'react-router'
import { useSession } from '../api/session'
import { Failure, Loading } from '../components/States'
import { SignIn } from '../kinds/signin/SignIn'
import { useLanguage } from '../i18n'
import { Frame } from './Frame'

/** Nobody: the sign-in page, at the address that they wanted. Somebody: the frame. */
export function Gate({ opened }: { opened: Promise<void> }) {
  const session = useSession()
  const location = useLocation()
  const { suggest } = useLanguage()
  const chosen = session.data?.language
  useEffect(() => suggest(chosen), [suggest, chosen])
  // A page that can't be fetched says so inside the frame.
  const [here, arrive] = useState(false)
  useEffect(() => void opened.catch(() => {}).then(() => arrive(true)), [opened])
  if (session.data && here) return <Frame session={session.data} />
  if (session.data === null) return <SignIn wanted={location.pathname + location.search} />
  return (
    <div className="signin">
      <div className="card">
        {session.error ? <Failure error={session.error} retry={session.refetch} /> : <Loading />}
      </div>
    </div>
  )
}
