// pgjdbc's CopyManager: text and CSV, what comes out in binary goes in again, and an error after which the
// connection goes on. Run as a single file: java -cp postgresql.jar Copy.java PORT
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class Copy {
  static void expect(Object wanted, Object came) {
    if (!wanted.equals(came)) throw new AssertionError("expected " + wanted + ", but it was " + came);
  }

  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + args[0] + "/app?user=app";
    try (Connection db = DriverManager.getConnection(url); Statement statement = db.createStatement()) {
      statement.execute("CREATE INDEX films DIMENSION 3");
      CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();

      String text = "a\t{1,0,0}\t{\"genre\": \"horror\"}\nb\t{0,0.5,0}\t\\N\n";
      expect(2L, copy.copyIn("COPY films NAMESPACE copied FROM STDIN", new StringReader(text)));
      StringWriter came = new StringWriter();
      expect(2L, copy.copyOut("COPY films NAMESPACE copied TO STDOUT", came));
      expect(text, came.toString());

      String csv = "id,values\nc,\"[0,0,1]\"\n";
      String load = "COPY \"copied\".\"films\" (id, values) FROM STDIN WITH (FORMAT csv, HEADER)";
      expect(1L, copy.copyIn(load, new ByteArrayInputStream(csv.getBytes(StandardCharsets.UTF_8))));

      ByteArrayOutputStream binary = new ByteArrayOutputStream();
      expect(3L, copy.copyOut("COPY films NAMESPACE copied TO STDOUT (FORMAT binary)", binary));
      expect(3L, copy.copyIn("COPY films NAMESPACE again FROM STDIN (FORMAT binary)",
          new ByteArrayInputStream(binary.toByteArray())));

      for (boolean inTransaction : new boolean[] {false, true}) {
        db.setAutoCommit(!inTransaction);
        try {
          copy.copyIn("COPY films NAMESPACE again FROM STDIN", new StringReader("d\t[1,0,0]\t\\N\ne\t[1]\t\\N\n"));
          throw new AssertionError("a vector of another dimension is taken");
        } catch (SQLException error) {
          expect("22023", error.getSQLState());
        }
        if (inTransaction) db.rollback();
        ResultSet count = statement.executeQuery("SELECT count(*) FROM films NAMESPACE again");
        count.next();
        expect(3L, count.getLong(1));
      }
    }
  }
}
