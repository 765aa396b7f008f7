/** Names that Open WebUI gives a meaning of its own to: such a tool would change what its arguments or its result mean, or hide one of its own. */

export const SPECIAL_NAMES: ReadonlySet<string> = new Set(
  [
    // Handled by name, whoever offers the tool.
    'display_file write_file replace_file_content run_command fetch_url view_file',
    // Built in.
    'ask_user execute_code delegate_task timer notify search_web search_tools generate_image edit_image',
    'get_current_timestamp calculate_timestamp create_tasks update_task',
    'list_memory_paths read_memory_path search_memories add_memory update_memory replace_memory_content delete_memory',
    'list_memories search_notes view_note write_note replace_note_content search_chats view_chat',
    'search_channels search_channel_messages view_channel_message view_channel_thread',
    'list_knowledge list_knowledge_bases search_knowledge_bases query_knowledge_bases search_knowledge_files',
    'query_knowledge_files grep_knowledge_files view_knowledge_file list_chat_files grep_chat_files query_chat_files',
    'view_skill read_skill_file grep_skill_files create_skill update_skill_files',
    'create_automation update_automation list_automations toggle_automation delete_automation',
    'search_calendar_events create_calendar_event update_calendar_event delete_calendar_event',
  ].flatMap((line) => line.split(' ')),
);
