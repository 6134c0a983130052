import { Link } from 'react-router'
import { Empty } from '../components/States'
import { useText } from '../i18n'

export function NotFound() {
  const t = useText()
  return <Empty title={t('state.noPage')} hint={t('state.noPageHint')} action={<Link to="/">{t('nav.home')}</Link>} />
}
