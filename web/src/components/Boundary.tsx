import { Component, type ReactNode } from 'react'
import { Failure } from './States'

interface Props {
  /** A new address is a new chance. */
  address: string
  children: ReactNode
}

/** Keeps the frame when a page breaks. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidUpdate(before: Props) {
    if (before.address !== this.props.address && this.state.error) this.setState({ error: null })
  }

  override render() {
    const { error } = this.state
    return error ? <Failure error={error} retry={() => this.setState({ error: null })} /> : this.props.children
  }
}
