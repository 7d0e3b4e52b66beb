"""What monday.com is asked, as GraphQL.

Source: developer.monday.com/api-reference/reference/{boards,items,items-page,updates,activity-logs}. What counts is
calls by day and complexity by minute, so a page of items brings their comments and files along.
"""

ITEMS_AT_ONCE = 100
NEWEST_ITEMS = 25
UPDATES_WITH_ITEM = 25
UPDATES_AT_ONCE = 100
LOGS_AT_ONCE = 500
MOST_LOG_PAGES = 20
"""monday gives the newest 10,000 entries of a board's log."""

_BOARD = """
fragment BoardParts on Board { columns(types: [status, long_text, link, people, date]) { id type settings } }
"""
_TASK = """
fragment TaskParts on Item {
  id name state url updated_at
  board { id }
  group { title }
  column_values(types: [status, long_text, people, date, text, checkbox]) {
    id text
    ... on StatusValue { index is_done }
    ... on DateValue { date }
  }
}
"""
_UPDATE = """
fragment UpdateParts on Update {
  id item_id body edited_at
  creator { name }
  replies { id body updated_at creator { name } }
}
"""
_ITEM = f"""
fragment ItemParts on Item {{
  ...TaskParts
  updates(limit: {UPDATES_WITH_ITEM}) {{ ...UpdateParts }}
  assets(assets_source: all) {{ id name file_extension file_size created_at url }}
}}
{_TASK}{_UPDATE}"""

WHOAMI = "query { me { id name account { id name } } }"
BOARDS = """
query ($page: Int!) { boards(limit: 50, page: $page, state: active) { id name type url updated_at } }
"""
BOARD = "query ($board: ID!) { boards(ids: [$board]) { id name type url updated_at } }"
COLUMNS = f"query ($board: ID!) {{ boards(ids: [$board]) {{ ...BoardParts }} }}{_BOARD}"
ALL_COLUMNS = "query ($board: ID!) { boards(ids: [$board]) { columns { id title type settings } } }"
ITEMS = f"""
query ($board: ID!) {{
  boards(ids: [$board]) {{
    ...BoardParts
    items_page(limit: {ITEMS_AT_ONCE}) {{ cursor items {{ ...ItemParts }} }}
  }}
}}
{_BOARD}{_ITEM}"""
NEXT_ITEMS = f"""
query ($board: ID!, $cursor: String!) {{
  boards(ids: [$board]) {{ ...BoardParts }}
  next_items_page(limit: {ITEMS_AT_ONCE}, cursor: $cursor) {{ cursor items {{ ...ItemParts }} }}
}}
{_BOARD}{_ITEM}"""
NAMED_ITEMS = f"""
query ($board: ID!, $items: [ID!]) {{
  boards(ids: [$board]) {{ ...BoardParts }}
  items(ids: $items, limit: {ITEMS_AT_ONCE}) {{ ...ItemParts }}
}}
{_BOARD}{_ITEM}"""
CHANGES = f"""
query ($board: ID!, $since: ISO8601DateTime!, $page: Int!) {{
  boards(ids: [$board]) {{
    ...BoardParts
    activity_logs(from: $since, limit: {LOGS_AT_ONCE}, page: $page) {{ event data }}
    updates(limit: {UPDATES_AT_ONCE}, page: $page) {{ ...UpdateParts }}
    items_page(
      limit: {NEWEST_ITEMS}
      query_params: {{ order_by: [{{ column_id: "__last_updated__", direction: desc }}] }}
    ) {{ items {{ ...ItemParts }} }}
  }}
}}
{_BOARD}{_ITEM}"""
UPDATES = f"""
query ($item: ID!, $page: Int!) {{
  items(ids: [$item]) {{ updates(limit: {UPDATES_AT_ONCE}, page: $page) {{ ...UpdateParts }} }}
}}
{_UPDATE}"""
# An item that is made has neither comments nor files; reading less than pulling does leaves less that can go wrong
# once it is there.
CREATE_ITEM = f"""
mutation ($board: ID!, $name: String!, $values: JSON!) {{
  create_item(board_id: $board, item_name: $name, column_values: $values) {{ ...TaskParts }}
}}
{_TASK}"""
CHANGE_ITEM = f"""
mutation ($board: ID!, $item: ID!, $values: JSON!) {{
  change_multiple_column_values(board_id: $board, item_id: $item, column_values: $values) {{ ...ItemParts }}
}}
{_ITEM}"""
CREATE_UPDATE = f"""
mutation ($item: ID!, $body: String!) {{ create_update(item_id: $item, body: $body) {{ ...UpdateParts }} }}
{_UPDATE}"""
EDIT_UPDATE = f"""
mutation ($update: ID!, $body: String!) {{ edit_update(id: $update, body: $body) {{ ...UpdateParts }} }}
{_UPDATE}"""
ALL_TEXTS = (
    *(WHOAMI, BOARDS, BOARD, COLUMNS, ALL_COLUMNS, ITEMS, NEXT_ITEMS, NAMED_ITEMS, CHANGES, UPDATES),
    *(CREATE_ITEM, CHANGE_ITEM, CREATE_UPDATE, EDIT_UPDATE),
)
