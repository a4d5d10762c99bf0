// What JDBC's metadata says, as tools ask for it, and the same query often enough for the driver to
// prepare it and to read binary. Run as a single file: java -cp postgresql.jar Metadata.java PORT
import java.sql.*;
import java.util.*;

public class Metadata {
  static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    while (rows.next()) values.add(rows.getString(name));
    return values;
  }

  static void expect(Object wanted, Object came) {
    if (!wanted.equals(came)) throw new AssertionError("expected " + wanted + ", but it was " + came);
  }

  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + args[0] + "/app?user=app";
    try (Connection db = DriverManager.getConnection(url)) {
      try (Statement make = db.createStatement()) {
        make.execute("CREATE INDEX films DIMENSION 3");
      }
      DatabaseMetaData metadata = db.getMetaData();
      expect("PostgreSQL", metadata.getDatabaseProductName());
      for (int time = 0; time < 7; ++time) {
        expect(List.of("films"), column(
            metadata.getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME"));
        expect(List.of("id", "values", "metadata", "namespace"),
            column(metadata.getColumns(null, "public", "films", "%"), "COLUMN_NAME"));
        expect(List.of("namespace", "id"),
            sortedByKey(metadata.getPrimaryKeys(null, "public", "films")));
        expect(List.of("films_pkey", "films_pkey"),
            column(metadata.getIndexInfo(null, "public", "films", true, false), "INDEX_NAME"));
        if (!column(metadata.getSchemas(), "TABLE_SCHEM").contains("public")) {
          throw new AssertionError("no schema public");
        }
        if (!column(metadata.getTypeInfo(), "TYPE_NAME").contains("float4")) {
          throw new AssertionError("no type float4");
        }
        column(metadata.getImportedKeys(null, "public", "films"), "FKTABLE_NAME");
        column(metadata.getCatalogs(), "TABLE_CAT");
        column(metadata.getFunctions(null, "public", "%"), "FUNCTION_NAME");
        column(metadata.getTablePrivileges(null, "public", "films"), "PRIVILEGE");
      }
      String load = "UPSERT INTO films NAMESPACE ? VALUES (?, ?, ?::jsonb)";
      try (PreparedStatement upsert = db.prepareStatement(load)) {
        for (int i = 0; i < 7; ++i) {
          upsert.setString(1, "tenant1");
          upsert.setString(2, "id" + i);
          upsert.setArray(3, db.createArrayOf("float4", new Float[] {1f, 2f, (float) i}));
          upsert.setString(4, "{\"n\": " + i + "}");
          expect(1, upsert.executeUpdate());
        }
      }
      String nearest = "QUERY films NAMESPACE ? NEAREST ? TOP ? INCLUDE VALUES, METADATA";
      try (PreparedStatement query = db.prepareStatement(nearest)) {
        for (int i = 0; i < 7; ++i) {
          query.setString(1, "tenant1");
          query.setArray(2, db.createArrayOf("float4", new Float[] {1f, 2f, (float) i}));
          query.setInt(3, 1);
          ResultSet row = query.executeQuery();
          row.next();
          expect("id" + i, row.getString(1));
          expect((float) i, ((Float[]) row.getArray(3).getArray())[2]);
        }
      }
      db.setAutoCommit(false);
      try (Statement query = db.createStatement()) {
        query.setFetchSize(2);
        expect(7, column(query.executeQuery("SELECT id FROM films NAMESPACE tenant1"), "id").size());
      }
      db.rollback();
    }
  }

  static List<String> sortedByKey(ResultSet rows) throws SQLException {
    TreeMap<Integer, String> byNumber = new TreeMap<>();
    while (rows.next()) byNumber.put(rows.getInt("KEY_SEQ"), rows.getString("COLUMN_NAME"));
    return new ArrayList<>(byNumber.values());
  }
}
