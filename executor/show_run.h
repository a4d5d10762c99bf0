#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SHOW and DESCRIBE: looking around.
Result<std::unique_ptr<Run>> start_show_indexes(Session& session);
Result<std::unique_ptr<Run>> start_show_namespaces(Session& session,
                                                   const parser::ShowNamespaces& show);
Result<std::unique_ptr<Run>> start_describe_index(Session& session,
                                                  const parser::DescribeIndex& describe);
Result<std::unique_ptr<Run>> start_describe_namespace(Session& session,
                                                      const parser::DescribeNamespace& describe);
Result<std::unique_ptr<Run>> start_show_setting(Session& session,
                                                const parser::ShowSetting& show);
Result<std::unique_ptr<Run>> start_show_all(Session& session);

}  // namespace alcove::executor
