import { LinkOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { useSince } from '../../components/address'
import { useText } from '../../i18n'
import type { LogSearch } from './useSearch'

/** Copies the address of this search, with its time range in it. */
export function ShareLink({ search }: { search: LogSearch }) {
  const t = useText()
  const { message } = App.useApp()
  const { since } = useSince()
  const copy = async () => {
    const address = new URL(location.href)
    if (!search.fixed) address.searchParams.set('since', since)
    await navigator.clipboard.writeText(address.href)
    void message.success(t('action.copied'))
  }
  return <Button icon={<LinkOutlined />} onClick={() => void copy()}>{t('explorer.share')}</Button>
}
