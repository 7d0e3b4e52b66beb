"""The part of monday.com's GraphQL schema that the stand-in answers to; all else is refused by name.

Source: developer.monday.com/api-reference/reference, API version 2026-10.
"""

SCHEMA = """
scalar Date
scalar ISO8601DateTime
scalar JSON

enum State { active all archived deleted }
enum BoardObjectType { board custom_object document sub_items_board }
enum AssetsSource { all columns gallery }
enum ColumnType { status long_text text link people date name numbers checkbox file }
enum ItemsOrderByDirection { asc desc }

input ItemsQueryOrderBy { column_id: String!, direction: ItemsOrderByDirection = asc }
input ItemsQuery { order_by: [ItemsQueryOrderBy!] }

type Query {
  me: User
  boards(ids: [ID!], limit: Int = 25, page: Int = 1, state: State = active): [Board]
  items(ids: [ID!], limit: Int = 25, page: Int = 1, exclude_nonactive: Boolean): [Item]
  next_items_page(cursor: String!, limit: Int! = 25): ItemsResponse!
}

type Mutation {
  create_item(board_id: ID!, item_name: String!, column_values: JSON): Item
  change_multiple_column_values(board_id: ID!, item_id: ID, column_values: JSON!): Item
  create_update(body: String!, item_id: ID, parent_id: ID): Update
  edit_update(id: ID!, body: String!): Update!
  create_webhook(board_id: ID!, url: String!, event: WebhookEventType!, config: JSON): Webhook
  delete_webhook(id: ID!): Webhook
}

enum WebhookEventType {
  change_column_value change_name change_specific_column_value change_status_column_value create_item create_update
  delete_update edit_update item_archived item_deleted item_moved_to_any_group item_restored
}
type Webhook { id: ID!, board_id: ID!, event: WebhookEventType!, config: String }

type User { id: ID!, name: String!, email: String!, account: Account! }
type Account { id: ID!, name: String!, slug: String! }

type Board {
  id: ID!
  name: String!
  type: BoardObjectType
  state: State!
  url: String!
  updated_at: ISO8601DateTime
  columns(types: [ColumnType!]): [Column]
  activity_logs(from: ISO8601DateTime, limit: Int = 25, page: Int = 1): [ActivityLogType]
  updates(limit: Int = 25, page: Int = 1): [Update!]
  items_page(limit: Int! = 25, query_params: ItemsQuery): ItemsResponse!
}

type Column { id: ID!, title: String!, type: ColumnType!, archived: Boolean!, settings: JSON }
type ActivityLogType { id: String!, event: String!, entity: String!, data: String!, created_at: String! }
type ItemsResponse { cursor: String, items: [Item!]! }
type Group { id: ID!, title: String! }

type Item {
  id: ID!
  name: String!
  state: State
  url: String!
  created_at: Date
  updated_at: Date
  board: Board
  group: Group
  column_values(types: [ColumnType!]): [ColumnValue!]!
  updates(limit: Int = 25, page: Int = 1): [Update!]
  assets(assets_source: AssetsSource): [Asset]
}

interface ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }
type StatusValue implements ColumnValue {
  id: ID!, type: ColumnType!, text: String, value: JSON, index: Int, label: String, is_done: Boolean
}
type DateValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON, date: String }
type PeopleValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }
type LongTextValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }
type LinkValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON, url: String }
type TextValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }
type NumbersValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }
type FileValue implements ColumnValue { id: ID!, type: ColumnType!, text: String, value: JSON }

type Update {
  id: ID!
  body: String!
  text_body: String
  item_id: String
  creator: User
  created_at: Date
  updated_at: Date
  edited_at: Date!
  replies: [Reply!]
}
type Reply { id: ID!, body: String!, text_body: String, creator: User, created_at: Date, updated_at: Date }

type Asset {
  id: ID!
  name: String!
  file_extension: String!
  file_size: Int!
  created_at: Date
  url: String!
  public_url: String!
}
"""
