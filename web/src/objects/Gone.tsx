import { Link } from 'react-router'
import { Empty } from '../components/States'
import { useText } from '../i18n'

export function Gone({ name, back, label }: { name: string; back: string; label: string }) {
  const t = useText()
  return <Empty title={t('state.gone', { name })} hint={t('state.goneHint')} action={<Link to={back}>{label}</Link>} />
}
