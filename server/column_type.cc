#include "server/column_type.h"

#include "base/check.h"
#include "executor/postgres_type.h"

namespace alcove::server {

ColumnType column_type(executor::Type type) {
  using executor::Type;
  switch (type) {
    case Type::kBool: return {.oid = 16, .bytes = 1};
    case Type::kInt4: return {.oid = 23, .bytes = 4};
    case Type::kInt8: return {.oid = 20, .bytes = 8};
    case Type::kFloat4: return {.oid = 700, .bytes = 4};
    case Type::kFloat8: return {.oid = 701, .bytes = 8};
    case Type::kFloat4Array: return {.oid = 1021, .bytes = -1};
    case Type::kVector: return {.oid = executor::kVectorOid, .bytes = -1};
    case Type::kVectorText:
    case Type::kText: return {.oid = 25, .bytes = -1};
    case Type::kName: return {.oid = 19, .bytes = 64};
    case Type::kJsonb: return {.oid = 3802, .bytes = -1};
    case Type::kOid: return {.oid = 26, .bytes = 4};
    case Type::kTimestampTz: return {.oid = 1184, .bytes = 8};
    case Type::kUnknown: return {.oid = 705, .bytes = -2};
    case Type::kVoid: return {.oid = 2278, .bytes = 4};
    case Type::kInt2: return {.oid = 21, .bytes = 2};
    case Type::kChar: return {.oid = 18, .bytes = 1};
    case Type::kInt2Vector: return {.oid = 22, .bytes = -1};
    case Type::kOidVector: return {.oid = 30, .bytes = -1};
    case Type::kInt2Array: return {.oid = 1005, .bytes = -1};
    case Type::kInt4Array: return {.oid = 1007, .bytes = -1};
    case Type::kInt8Array: return {.oid = 1016, .bytes = -1};
    case Type::kOidArray: return {.oid = 1028, .bytes = -1};
    case Type::kTextArray: return {.oid = 1009, .bytes = -1};
    case Type::kNameArray: return {.oid = 1003, .bytes = -1};
    case Type::kCharArray: return {.oid = 1002, .bytes = -1};
    case Type::kRecordArray: return {.oid = 2287, .bytes = -1};
  }
  CHECK(false, "every column type has an OID");
}

}  // namespace alcove::server
